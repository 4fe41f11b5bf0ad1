/** What a member is made of. */
import { Acks } from "./acks.ts";
import type { Clock } from "./clock.ts";
import type { Core } from "./core.ts";
import type { Keyring } from "./keyring.ts";
import { Lateness } from "./lateness.ts";
import type { Member, TableEvent } from "./member.ts";
import type { Timing } from "./profiles.ts";
import { Table } from "./table.ts";
import type { Endpoint, Transport } from "./transport.ts";
import { DEFAULT_VERSIONS } from "./versions.ts";

export interface MemberlistOptions {
  /** Unique in the cluster. */
  readonly name: string;
  readonly transport: Transport;
  readonly timing: Timing;
  readonly clock: Clock;
  /** 0 inclusive to 1 exclusive. */
  readonly random: () => number;
  /** Empty: clear text. Looked at anew for each packet: a list that changes is other keys from then on. */
  readonly keys?: Keyring;
  readonly label?: string;
  /** At most 512 octets. */
  readonly meta?: Uint8Array | null;
  readonly versions?: Uint8Array;
  readonly deadNodeReclaimMs?: number;
  /** Addresses that ought to be members; tried at `timing.reconnectIntervalMs` while they aren't. */
  readonly seeds?: () => readonly Endpoint[];
  readonly onEvent?: (event: MemberlistEvent) => void;
  readonly onUserMessage?: (payload: Uint8Array) => void;
  readonly onUserState?: (state: Uint8Array) => void;
}

export type MemberlistEvent =
  | TableEvent
  /** Our own probe got no answer: unless it refutes, it will be given up. */
  | { readonly kind: "suspect"; readonly node: Member }
  /** This process did not run for so long that others may have given it up. */
  | { readonly kind: "stall"; readonly lateMs: number }
  /** UDP to a member fails while TCP works. */
  | { readonly kind: "udpBroken"; readonly node: Member };

/** The parts that all others share. */
export function coreOf(o: MemberlistOptions): Core {
  const { name, timing, transport, random } = o;
  const clock = new Lateness(o.clock);
  return {
    name,
    timing,
    transport,
    clock,
    random,
    acks: new Acks(clock.judging, Math.floor(random() * 0xffff)),
    wire: {
      keys: o.keys ?? [],
      label: new TextEncoder().encode(o.label ?? ""),
      skipInboundLabelCheck: false,
      verifyIncoming: timing.verifyIncoming,
      verifyOutgoing: timing.verifyOutgoing,
      compression: timing.compression,
    },
    table: new Table({
      ...timing,
      name,
      addr: transport.local.addr,
      port: transport.local.port,
      vsn: o.versions ?? DEFAULT_VERSIONS,
      deadNodeReclaimMs: o.deadNodeReclaimMs ?? 0,
    }),
  };
}
