/** What the speaker needs from the world, and what its passes share. */
import type { Parsed } from "../config/parse.ts";
import type { BgpOptions } from "../bgp/node-bgp.ts";
import type { ExcludePolicy } from "../api/exclude-policy.ts";
import type { SpeakerReportStatus } from "../api/resources.ts";
import type { DownSession } from "../api/sent-routes.ts";
import type { Snapshot } from "../api/snapshot.ts";
import type { Store } from "../api/store.ts";
import type { Ip } from "../net/ip.ts";
import type { Mac } from "../net/mac.ts";
import type { Clock } from "../runtime/clock.ts";
import type { AnnouncedMemory } from "./announced.ts";
import type { StateFiles } from "./controller.ts";
import type { ChangeTimes } from "./change-times.ts";
import type { Log } from "./log.ts";
import type { Meter } from "./meter.ts";
import type { Announcer, FrrEngine, Membership } from "./ports.ts";
import type { SpeakerConfig } from "./speaker-config.ts";
import type { AnnouncedService } from "./speaker-view.ts";

/** What the announcer may be told beside its addresses; `src/l2` fits by shape. */
export interface SpeakerAnnouncer extends Announcer {
  know?(facts: {
    readonly watched: Iterable<Ip>;
    readonly electionKeys: ReadonlyMap<Ip, Ip>;
    readonly members: readonly {
      readonly node: string;
      readonly macs: readonly Mac[];
      readonly addresses: readonly Ip[];
    }[];
    /** Addresses of the node that this one looks after, and the MACs of the interfaces where it answers. */
    readonly wards: ReadonlyMap<Ip, { readonly node: string; readonly macs: readonly Mac[] }>;
  }): void;
  /** The addresses that it answers for now, and where; an announcer that cannot say is believed. */
  answering?(): ReadonlyMap<Ip, readonly string[]>;
  /** Addresses left to another node by a duel. */
  yielded?(): ReadonlyMap<Ip, string>;
  /** Addresses of other nodes that this one does not hear answered for. */
  notHeard?(): readonly { readonly ip: Ip; readonly node: string; readonly sinceMs: number }[];
  /** Goes on answering until others announce the addresses, `limitMs` at most; resolves when it is silent. */
  handOver?(limitMs: number): Promise<void>;
}

/** What members tell of each other, where there is a membership that knows. */
export interface SpeakerMembershipPort extends Membership {
  allFerrolb?(): boolean;
  /** False while this process may have been given up by the others. */
  mayAnswer?(): boolean;
  /** About how long until a member that fell silent is given up, in milliseconds. */
  noticeMs?(): number;
  /** When a member was heard of last, by the speaker's clock; null: nobody knows. */
  lastHeardMs?(name: string): number | null;
  /** Looks at once for members that are missing: one of them was heard of. */
  lookAround?(): void;
  facts?(): readonly {
    readonly name: string;
    readonly alive: boolean;
    readonly ports: readonly { readonly name: string; readonly mac: Mac }[] | null;
  }[];
}

export type AddressSilence = NonNullable<SpeakerReportStatus["notHeard"]>[number];
export type AddressConflict = NonNullable<SpeakerReportStatus["conflicts"]>[number];

export interface SpeakerPorts {
  readonly store: Store;
  readonly frr: FrrEngine;
  readonly announcer: SpeakerAnnouncer;
  readonly membership: SpeakerMembershipPort;
  readonly clock: Clock;
  readonly log: Log;
  /** null: quarantine starts anew with each process. */
  readonly state: StateFiles | null;
  /** Told what is about to reach the wire. */
  readonly meter?: Meter;
  /** Looks into sessions that do not come up; without it, a report says no more than their state. */
  readonly sessionProbe?: {
    look(down: readonly DownSession[]): ReadonlyMap<string, { reason: string; message: string }>;
    onNews(listener: () => void): void;
  };
  /** Stations that answered for addresses of ours lately. */
  readonly conflicts?: () => readonly AddressConflict[];
  /** Told after every pass, for metrics. */
  readonly onPass?: (facts: PassFacts) => void;
  readonly onPassError?: () => void;
}

export interface PassFacts {
  readonly announced: readonly AnnouncedService[];
  /** Something of the newest configuration is not in force. */
  readonly stale: boolean;
  /** Objects that do not act as written. */
  readonly quarantined: Parsed["quarantined"];
}

export interface SpeakerOptions {
  readonly node: string;
  /** `--lb-class`; "" handles Services without a class. */
  readonly lbClass: string;
  readonly excludePolicy: ExcludePolicy;
  /** Computes the addresses itself: there is no controller. */
  readonly allocate: boolean;
  readonly frrLogLevel: NonNullable<BgpOptions["logLevel"]>;
}

/** The snapshot with its addresses, and the configuration that goes with it. */
export interface World {
  readonly snapshot: Snapshot;
  readonly parsed: Parsed;
}

/** What the passes of one speaker share. */
export interface SpeakerContext {
  readonly ports: SpeakerPorts;
  readonly options: SpeakerOptions;
  readonly config: SpeakerConfig;
  readonly announced: AnnouncedMemory;
  readonly changes: ChangeTimes;
  /** The world now; null until the first load is complete. */
  look(): World | null;
  /** Status objects want writing, a little later. */
  reportLater(): void;
}
