/** Which interfaces of this node answer, and how: behaviour reference 3.3. */
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

export const isOn = (interfaces: Interfaces, port: Port): boolean =>
  interfaces === "*" || interfaces.includes(port.name);

const [UP, BROADCAST, RUNNING, NOARP] = [0x1, 0x2, 0x40, 0x80];

/** Whether an interface of this name is meant: a regular expression, of whatever kind. */
export interface NameTest {
  test(name: string): boolean;
}

/** The interfaces that can answer, by index. */
export function portsOf(links: readonly Link[], excludes: readonly NameTest[]): readonly Port[] {
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
