/** Which interfaces of this node answer, and how: behaviour reference 3.3. */
import { parse } from "yaml";
import { AppError } from "../errors.ts";
import type { Ip } from "../net/ip.ts";
import type { Mac } from "../net/mac.ts";

/** One interface as the kernel describes it (rtnetlink). */
export interface Link {
  readonly index: number;
  readonly name: string;
  /** IFF_* of the kernel. */
  readonly flags: number;
  readonly isEthernet: boolean;
  readonly mac: Mac | null;
  /** Member of a bridge, bond or VRF. */
  readonly enslaved: boolean;
  /** `bridge`, `veth`, `macvlan`, ...; empty for plain hardware. */
  readonly kind: string;
  /** Link-local IPv6 address that has passed its own duplicate address detection. */
  readonly linkLocal: Ip | null;
}

/** An interface that can answer. */
export interface Port {
  readonly index: number;
  readonly name: string;
  readonly mac: Mac;
  /** It has the BROADCAST flag. */
  readonly arp: boolean;
  /** Null: no NDP here. */
  readonly linkLocal: Ip | null;
  /** With carrier: something sent now can arrive. */
  readonly running: boolean;
}

/** `*`: every interface that can answer; else these names. */
export type Interfaces = "*" | readonly string[];

const [UP, BROADCAST, RUNNING, NOARP] = [0x1, 0x2, 0x40, 0x80];

/** The list of the shipped `metallb-excludel2` ConfigMap. */
export const SHIPPED_EXCLUDES: readonly string[] = (
  "^docker.* ^cbr.* ^dummy.* ^virbr.* ^lxcbr.* ^veth.* ^lo$ ^cali.* ^tunl.* ^flannel.* " +
  "^kube-ipvs.* ^cni.* ^nodelocaldns.* ^lxc.*"
).split(" ");

/**
 * `excludel2.yaml`: key `announcedInterfacesToExclude`, regular expressions searched unanchored. An empty
 * file excludes nothing.
 * @throws AppError `ERR_UNREADABLE_INPUT`
 */
export function parseExcludes(text: string): readonly RegExp[] {
  const bad = (why: string, cause?: unknown) =>
    new AppError("ERR_UNREADABLE_INPUT", `list of excluded interfaces: ${why}`, { cause });
  let document: unknown;
  try {
    document = parse(text) ?? {};
  } catch (error) {
    throw bad("no YAML", error);
  }
  if (typeof document !== "object" || document === null || Array.isArray(document))
    throw bad("no mapping");
  const list: unknown =
    "announcedInterfacesToExclude" in document ? document.announcedInterfacesToExclude : [];
  if (!Array.isArray(list)) throw bad("announcedInterfacesToExclude is no list");
  return list.map((entry: unknown) => {
    if (typeof entry !== "string") throw bad(`no text: ${JSON.stringify(entry)}`);
    try {
      return new RegExp(entry);
    } catch (error) {
      throw bad(`no regular expression: ${JSON.stringify(entry)}`, error);
    }
  });
}

/** The interfaces that can answer, by index. */
export function portsOf(links: readonly Link[], excludes: readonly RegExp[]): readonly Port[] {
  const ports: Port[] = [];
  for (const { index, name, flags, isEthernet, mac, enslaved, linkLocal } of links) {
    if (excludes.some((e) => e.test(name)) || !isEthernet || mac === null) continue;
    if ((flags & UP) === 0 || (flags & NOARP) !== 0 || enslaved) continue;
    const arp = (flags & BROADCAST) !== 0;
    if (arp || linkLocal !== null)
      ports.push({ index, name, mac, arp, linkLocal, running: (flags & RUNNING) !== 0 });
  }
  return ports.sort((a, b) => a.index - b.index);
}
