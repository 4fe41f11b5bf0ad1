/** Wiring of the membership: flags and environment of crds reference 7.2, 7.3; off without a bind address. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Option } from "commander";
import type { Command } from "commander";
import { AppError } from "../errors.ts";
import type { Store } from "../api/store.ts";
import type { L2Announcer } from "../l2/announcer-ports.ts";
import { codeOf } from "../manifests/atomic-write.ts";
import { rotated, settledOn } from "../membership/key-rotation.ts";
import { keyFromSecret } from "../membership/keyring.ts";
import { noticeMs } from "../membership/formulas.ts";
import type { Keyring } from "../membership/keyring.ts";
import { PROFILES, timingFromFile } from "../membership/profiles.ts";
import type { ProfileName, Timing } from "../membership/profiles.ts";
import { bindTransport } from "../membership/transport.ts";
import { ipOctets, tryParseIp } from "../net/ip.ts";
import type { StateFiles } from "../reconciler/controller.ts";
import type { Log } from "../reconciler/log.ts";
import { parseLabels, seedsFor } from "../reconciler/seeds.ts";
import { startSpeakerMembership } from "../reconciler/speaker-membership.ts";
import type { Fencing } from "../reconciler/speaker-membership.ts";
import type { SpeakerMembershipPort } from "../reconciler/speaker-ports.ts";
import { systemClock } from "../runtime/clock.ts";
import { booleanFlag, parsePort } from "./daemon-flags.ts";

export interface MembershipFlags {
  readonly mlBindaddr: string;
  readonly mlBindport: number;
  readonly mlLabels: string;
  readonly mlSecretKeyPath: string;
  readonly mlWanConfig: boolean;
  readonly mlProfile: ProfileName;
  readonly mlFencing: Fencing;
  readonly mlConfig: string;
}

export const addMembershipOptions = (command: Command): Command =>
  [
    new Option(
      "--ml-bindaddr <ip>",
      "address for membership; without it every node counts as alive",
    )
      .env("METALLB_ML_BIND_ADDR")
      .default(""),
    new Option("--ml-bindport <port>", "port for membership, TCP and UDP")
      .env("METALLB_ML_BIND_PORT")
      .argParser(parsePort)
      .default(7946),
    new Option("--ml-labels <labels>", "labels of the speakers' Pods, in a cluster")
      .env("METALLB_ML_LABELS")
      .default(""),
    new Option("--ml-secret-key-path <dir>", "directory of the file secretkey; unset: clear text")
      .env("METALLB_ML_SECRET_KEY_PATH")
      .default(""),
    booleanFlag("ml-wan-config", "the same as --ml-profile wan"),
    new Option("--ml-profile <name>", "how quick and how patient")
      .choices(Object.keys(PROFILES))
      .default("fast"),
    new Option("--ml-fencing <how>", "when to stop answering in a split network")
      .choices(["gossip", "quorum"])
      .default("gossip"),
    new Option("--ml-config <file>", "tuning file; replaces the profile when it is there").default(
      "/etc/metallb/memberlist/config.json",
    ),
  ].reduce((c, option) => c.addOption(option), command);

interface Around {
  readonly node: string;
  readonly log: Log & { child(fields: object): Log };
  readonly store: Store;
  readonly state: StateFiles;
  readonly announcer: L2Announcer;
}

const OFF: SpeakerMembershipPort = {
  alive: () => null,
  onChange: () => () => undefined,
  leave: () => Promise.resolve(),
};

/** After a return: both sides have made up their minds who announces what. */
const ANNOUNCE_AGAIN_MS = 200;
const KNOWN_FILE = "speaker-members.json";

/** @throws AppError `ERR_ENVIRONMENT` when the port cannot be had, `ERR_USAGE` for bad settings */
export async function openMembership(
  flags: MembershipFlags,
  { node, log, store, state, announcer }: Around,
): Promise<SpeakerMembershipPort> {
  if (flags.mlBindaddr === "") {
    log.info({}, "membership is off: every node counts as alive");
    return OFF;
  }
  const address = tryParseIp(flags.mlBindaddr);
  if (address === null) throw new AppError("ERR_USAGE", "--ml-bindaddr must be an IP address");
  const port = flags.mlBindport;
  const labels = parseLabels(flags.mlLabels);
  const timing = timingOf(flags);
  const { keys, stop: stopKeys } = followKey(flags.mlSecretKeyPath, log);
  const known = knownIn(await state.read(KNOWN_FILE).catch(() => null));
  let again: (() => void) | null = null;
  const membership = startSpeakerMembership({
    name: node,
    transport: await bindTransport(address, port),
    timing,
    clock: systemClock,
    random: Math.random,
    ...(keys === null ? {} : { keys }),
    seeds: () => {
      const snapshot = store.snapshot();
      if (snapshot === null) return [];
      return seedsFor(snapshot, labels, { node, address }).map((ip) => ({
        addr: ipOctets(ip),
        port,
      }));
    },
    fencing: flags.mlFencing,
    log: log.child({ room: "membership" }),
    exists: () => {
      const names = new Set(store.snapshot()?.nodes.map((n) => n.metadata.name));
      return names.size === 0 ? null : (name) => names.has(name);
    },
    known: { known },
    keepKnown: (now) =>
      void state.write(KNOWN_FILE, JSON.stringify(now)).catch((err: unknown) => {
        log.warn({ err }, "known members not kept");
      }),
    onReturn() {
      again ??= systemClock.after(ANNOUNCE_AGAIN_MS, () => {
        again = null;
        announcer.announceAgain();
      });
    },
  });
  const tell = (): void => membership.tell(announcer.ports());
  tell();
  const stopTelling = announcer.onChange(tell);
  return {
    ...membership,
    noticeMs: () => Math.round(noticeMs(membership.facts().length, timing)),
    async leave() {
      stopKeys();
      stopTelling();
      await membership.leave();
    },
  };
}

function timingOf({ mlConfig, mlProfile, mlWanConfig }: MembershipFlags): Timing {
  try {
    return timingFromFile(readFileSync(mlConfig, "utf8"));
  } catch (error) {
    if (codeOf(error) !== "ENOENT" && codeOf(error) !== "ENOTDIR") throw error;
    return PROFILES[mlWanConfig ? "wan" : mlProfile];
  }
}

/** A changed Secret is looked for so often. */
const KEY_EVERY_MS = 10_000;

/** The ring's keys, in a list that follows the file. @throws AppError `ERR_ENVIRONMENT` when there is none to begin with */
function followKey(
  dir: string,
  log: Log,
): { readonly keys: Keyring | null; readonly stop: () => void } {
  const nothing = { keys: null, stop: () => undefined };
  if (dir === "") return nothing;
  const first = keyIn(dir);
  if (first === null) return nothing;
  let rotation = settledOn(first);
  const keys = [...rotation.keys];
  const look = (): void => {
    let wanted: Uint8Array | null = null;
    try {
      wanted = keyIn(dir);
    } catch (error) {
      if (!(error instanceof AppError)) throw error; // what we have is good until another is there
    }
    const next = rotated(rotation, wanted, systemClock.now());
    if (next !== rotation) {
      const step = next.keys.length === 1 ? "done" : next.keys[0] === next.seen ? "spoken" : "understood"; // prettier-ignore
      log.info({ step }, "the membership key changes");
      keys.splice(0, keys.length, ...next.keys);
    }
    rotation = next;
    cancel = systemClock.after(KEY_EVERY_MS, look);
  };
  let cancel = systemClock.after(KEY_EVERY_MS, look);
  return { keys, stop: () => cancel() };
}

/** Null for an empty secret. */
function keyIn(dir: string): Uint8Array | null {
  try {
    return keyFromSecret(readFileSync(join(dir, "secretkey")));
  } catch (cause) {
    throw new AppError("ERR_ENVIRONMENT", `cannot read the membership key in ${dir}`, { cause });
  }
}

function knownIn(text: string | null): readonly string[] {
  if (text === null) return [];
  try {
    const parsed: unknown = JSON.parse(text);
    const known: unknown =
      typeof parsed === "object" && parsed !== null && "known" in parsed ? parsed.known : [];
    return Array.isArray(known) ? known.filter((k) => typeof k === "string") : [];
  } catch {
    return [];
  }
}
