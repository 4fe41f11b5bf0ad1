/**
 * Every kind of fault: whom it hits, how long it lasts, what it excuses. The bounds are docs/chaos.md's table:
 * generous for a busy machine, since the worst that was seen is reported beside them.
 */
import { CLUSTER_KINDS } from "./cluster-kinds.ts";
import { NONE, at } from "./kind.ts";
import type { Bounds, Effect, Kind, Source } from "./kind.ts";

/** A speaker starts, joins, greets for a while and reads everything before it acts. */
const STARTED = at(5000, 8000);
/** Sessions come back: a connect timer of 5 s each way, BFD first, then the table. */
const SESSIONS = at(0, 30_000);
/** Frames of a node are lost, each way: `l2` is how long nobody may answer. */
const lossy = (l2: number, why: string) =>
  ({
    on: "node",
    effects: ["gossip", "bgp"],
    lastsMs: [2000, 10_000],
    begin: at(l2, 0),
    heal: at(8000, 30_000),
    why,
  }) as const;

export const KINDS = {
  "speaker-kill": {
    on: "node",
    effects: ["speaker"],
    lastsMs: [1000, 6000],
    begin: at(3000, 0),
    heal: STARTED,
    why: "a refused ping says so at once; FRR stands by itself",
  },
  "speaker-term": {
    on: "node",
    effects: ["speaker"],
    lastsMs: [1000, 6000],
    begin: at(3000, 0),
    heal: STARTED,
    why: "handed over before it ends",
  },
  "speaker-pause": {
    on: "node",
    effects: ["speaker"],
    lastsMs: [1000, 8000],
    begin: at(4000, 0),
    heal: at(4000, 8000),
    why: "its kernel still accepts connections: suspicion has to run out",
  },
  "controller-kill": {
    on: "controller",
    effects: ["controller"],
    lastsMs: [500, 6000],
    begin: NONE,
    heal: at(8000, 8000),
    why: "only new Services wait for it",
  },
  "controller-term": {
    on: "controller",
    effects: ["controller"],
    lastsMs: [500, 6000],
    begin: NONE,
    heal: at(8000, 8000),
    why: "only new Services wait for it",
  },
  "controller-pause": {
    on: "controller",
    effects: ["controller"],
    lastsMs: [500, 8000],
    begin: NONE,
    heal: at(6000, 6000),
    why: "only new Services wait for it",
  },
  "bgpd-kill": {
    on: "node",
    effects: ["bgp"],
    lastsMs: [500, 5000],
    begin: NONE,
    heal: SESSIONS,
    why: "sessions are gone with it",
  },
  "bgpd-pause": {
    on: "node",
    effects: ["bgp"],
    lastsMs: [1000, 12_000],
    begin: NONE,
    heal: SESSIONS,
    why: "after 9 s the routers' hold timers end the sessions",
  },
  "zebra-kill": {
    on: "node",
    effects: ["bgp"],
    lastsMs: [500, 4000],
    begin: NONE,
    heal: SESSIONS,
    why: "bgpd asks it for next hops and interfaces",
  },
  "bfdd-kill": {
    on: "node",
    effects: ["bgp"],
    lastsMs: [500, 4000],
    begin: NONE,
    heal: SESSIONS,
    why: "r1 takes silent BFD for a dead node",
  },
  "bfdd-pause": {
    on: "node",
    effects: ["bgp"],
    lastsMs: [500, 6000],
    begin: NONE,
    heal: SESSIONS,
    why: "r1 takes silent BFD for a dead node",
  },
  "frr-restart": {
    on: "node",
    effects: ["bgp"],
    lastsMs: [500, 500],
    begin: NONE,
    heal: SESSIONS,
    why: "all daemons anew, with frr.conf from the disk",
  },
  "link-cut": {
    on: "node",
    effects: ["gossip", "cut"],
    lastsMs: [1500, 15_000],
    begin: at(6000, 13_000),
    heal: at(8000, 30_000),
    why: "suspicion takes 0.7 s and more on a busy machine; r2 has no BFD, its hold time is 9 s",
  },
  "node-apart": {
    on: "node",
    effects: ["gossip"],
    lastsMs: [1500, 12_000],
    begin: at(6000, 0),
    heal: at(8000, 0),
    why: "cut off from the other nodes, not from clients: without a quorum it has to stop",
  },
  "gossip-cut": {
    on: "node",
    effects: ["gossip"],
    lastsMs: [1500, 12_000],
    begin: at(6000, 0),
    heal: at(8000, 0),
    why: "only port 7946 is dropped between it and the other nodes",
  },
  "packet-loss": lossy(6000, "three of ten frames are dropped each way: members may flap, BFD may"),
  "packet-delay": {
    on: "node",
    effects: ["gossip"],
    lastsMs: [2000, 10_000],
    begin: at(6000, 10_000),
    heal: at(8000, 10_000),
    why: "up to 0.15 s each way, none lost: BFD and BGP stand it, unless the gate itself is kept waiting",
  },
  "packet-twice": {
    on: "node",
    effects: [],
    lastsMs: [2000, 10_000],
    begin: NONE,
    heal: NONE,
    why: "what the node sends arrives twice: nothing may come of it",
  },
  "rate-limit": lossy(
    12_000,
    "60 frames a second each way; the checker asks more often than that, in one order, so an address may get none while it lasts",
  ),
  "disk-full": {
    on: "node",
    effects: ["writes"],
    lastsMs: [2000, 10_000],
    begin: NONE,
    heal: at(0, 12_000),
    why: "what stands goes on; frr.conf cannot be written, so changes wait",
  },
  "label-exclude": {
    on: "node",
    effects: ["excluded"],
    lastsMs: [3000, 12_000],
    begin: at(4000, 6000),
    heal: at(4000, 6000),
    why: "a file is believed once it is stable, then every speaker decides again",
  },
  "network-unavailable": {
    on: "node",
    effects: ["excluded"],
    lastsMs: [3000, 12_000],
    begin: at(4000, 6000),
    heal: at(4000, 6000),
    why: "as for the label",
  },
  "router-bgpd-kill": {
    on: "router",
    effects: ["router"],
    lastsMs: [500, 5000],
    begin: NONE,
    heal: SESSIONS,
    why: "the router has no routes",
  },
  "manifest-garbage": {
    on: "manifests",
    only: "directory",
    effects: [],
    lastsMs: [1000, 10_000],
    begin: NONE,
    heal: NONE,
    why: "what turns bad keeps acting in its last good version",
  },
  "manifest-truncated": {
    on: "manifests",
    only: "directory",
    effects: [],
    lastsMs: [1000, 10_000],
    begin: NONE,
    heal: NONE,
    why: "a truncated file counts as not yet written",
  },
  "cpu-hog": {
    on: "machine",
    effects: [],
    lastsMs: [1500, 5000],
    begin: at(4000, 4000),
    heal: at(2000, 2000),
    why: "two busy loops beside everything",
  },
  ...CLUSTER_KINDS,
} as const satisfies Readonly<Record<string, Kind>>;

export type KindName = keyof typeof KINDS;
export const KIND_NAMES = Object.keys(KINDS) as readonly KindName[];

export const kindOf = (name: KindName): Kind => KINDS[name];
/** Kinds that there are in a lab which follows this. */
export const kindsFor = (source: Source): readonly KindName[] =>
  KIND_NAMES.filter((name) => (kindOf(name).only ?? source) === source);
export const hasEffect = (name: KindName, effect: Effect): boolean =>
  kindOf(name).effects.includes(effect);

/** Where no fault and no change explains it, in ms. */
export const BASE = {
  /** 30 probes without an answer. */
  gap: 1500,
  /** Two nodes answer: a hand-over shows both for a moment. */
  two: 1500,
  /** Somebody answers for what is nobody's. */
  stray: 1500,
  missing: 1500,
  stale: 1500,
} as const;
/** After a Service was written or removed, or its endpoints moved, in ms. */
export const CHANGE: Bounds = at(5000, 6000);
