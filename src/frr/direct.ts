/**
 * What goes to the daemons themselves, over the sockets that vtysh uses, without starting a process: prefixes that
 * come and go, which are bgpd's alone (ADR 163), and the question whether anything changed at all. Everything else
 * is vtysh's, which knows the lines of all daemons.
 */
import { createHash } from "node:crypto";
import { emptyBlock, parseTree, sameTree, type Block } from "../frr-config/tree.ts";
import type { Command } from "../frr-config/step.ts";
import type { Running } from "./running.ts";
import { vtyTo, type Vty } from "./vty.ts";

export interface Direct {
  /**
   * Gives bgpd lines in contexts that it has. What it answers is not read: reading back decides.
   * @throws AppError `ERR_FRR_UNREACHABLE`; what is in force then is unknown
   */
  give(commands: readonly Command[]): Promise<void>;
  /**
   * `known` with what bgpd lacks of the lines that several daemons keep (route-maps, prefix-lists, logging): vtysh shows those
   * of all as one, and a bgpd that was started anew may lack what zebra still has. @throws AppError `ERR_FRR_UNREACHABLE`
   */
  own(known: Running): Promise<Running>;
  /** `known` with all that is bgpd's as bgpd has it now. @throws AppError `ERR_FRR_UNREACHABLE` */
  reread(known: Running): Promise<Running>;
  /**
   * A mark of each daemon's running configuration, equal as long as that is. `daemons`: names of their sockets.
   * @throws AppError `ERR_FRR_UNREACHABLE`
   */
  marks(daemons: readonly string[]): Promise<ReadonlyMap<string, string>>;
  close(): void;
}

const NETWORK = /^ *(?:no )?network \S+(?: route-map \S+)?$/;
const FAMILY = /^ *(?:exit-)?address-family(?: |$)/;

/** Whether the lines are prefixes, in instances that are running: bgpd takes them without the help of others. */
export const isDirect = (commands: readonly Command[], running: Block): boolean =>
  commands.every(
    ({ text }) =>
      NETWORK.test(text) || FAMILY.test(text) || (isInstance(text) && running.has(text)),
  );

const SHARED = /^(?:log |route-map |ip(?:v6)? prefix-list |(?:ip(?:v6)? )?access-list )/;
const isShared = (line: string): boolean => SHARED.test(line);

/** Lines that vtysh shows, of which bgpd itself has nothing, or something else. */
function lackedBy(bgpd: Block, shown: Block): ReadonlyMap<string, Block> {
  const lacked = new Map<string, Block>();
  for (const [line, body] of shown) {
    if (!isShared(line)) continue;
    const own = bgpd.get(line);
    if (own === undefined || !sameTree(own, body)) lacked.set(line, own ?? emptyBlock());
  }
  return lacked;
}

/** What counts as running where `desired` is wanted: what bgpd lacks of it is missing; what nobody wants is to go everywhere. */
export function runningFor({ tree, lacked }: Running, desired: Block): Block {
  if (lacked === undefined || lacked.size === 0) return tree;
  return new Map(
    [...tree].flatMap(([line, body]): (readonly [string, Block])[] => {
      const own = lacked.get(line);
      if (own === undefined || !desired.has(line)) return [[line, body]];
      return own.size === 0 ? [] : [[line, own]];
    }),
  );
}

const isInstance = (line: string): boolean => line.startsWith("router bgp ");
const ASK = "show running-config";

export const markOf = (text: string): string => createHash("sha256").update(text).digest("base64");

/** A daemon that has no answer for so long is looked into by other means. */
const GLANCE_MS = 1000;

export function directTo(vtyDir: string, timeoutMs: number): Direct {
  // Whoever configures stands in another context than whoever asks.
  const configuring = vtyTo("bgpd", vtyDir, timeoutMs);
  const asking = new Map<string, Vty>();
  const vtyOf = (daemon: string): Vty => {
    let vty = asking.get(daemon);
    if (vty === undefined)
      asking.set(daemon, (vty = vtyTo(daemon, vtyDir, Math.min(GLANCE_MS, timeoutMs))));
    return vty;
  };
  return {
    async give(commands) {
      const lines = commands.map(({ text }) => text.trim());
      const all = ["configure terminal", ...lines, "end"];
      await Promise.all(all.map((line) => configuring.ask(line)));
    },
    async own(known) {
      return { ...known, lacked: lackedBy(parseTree(await configuring.ask(ASK)), known.tree) };
    },
    async reread(known) {
      const text = await configuring.ask(ASK);
      const own = parseTree(text);
      const others = [...known.tree].filter(([line]) => !isInstance(line));
      const tree = new Map([...others, ...[...own].filter(([line]) => isInstance(line))]);
      // The text of all daemons is not known: the next reading is a reading.
      return { ...known, tree, lacked: lackedBy(own, tree), text: "", bgpd: markOf(text) };
    },
    async marks(daemons) {
      const texts = await Promise.all(daemons.map((daemon) => vtyOf(daemon).ask(ASK)));
      return new Map(daemons.map((daemon, i) => [daemon, markOf(texts[i] ?? "")]));
    },
    close() {
      configuring.close();
      for (const vty of asking.values()) vty.close();
    },
  };
}
