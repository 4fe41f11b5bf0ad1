/** What FRR says about its sessions and about what it sends, from vtysh's JSON, for both generations. */
import type { BfdCounters, NeighborNumbers } from "../api/frr-numbers.ts";
import type { LastReset } from "../api/sent-routes.ts";
import type { Vtysh } from "./vtysh.ts";

/** RFC 4271, 8.2.2. */
export type BgpState = "Idle" | "Connect" | "Active" | "OpenSent" | "OpenConfirm" | "Established";

export interface NeighborStatus extends NeighborNumbers {
  /** The address spoken to; `null` for an unnumbered neighbour that was never seen. */
  readonly address: string | null;
  readonly state: BgpState;
  /** 0 unless Established. */
  readonly uptimeMs: number;
  /** RFC 3339; null unless Established. */
  readonly since: string | null;
  readonly remoteAs: number;
  readonly receivedPrefixes: number;
  /** Times that the session went down. */
  readonly dropped: number;
  /** How it went down last; it may be long ago. */
  readonly last: LastReset;
}

export type BfdState = "up" | "down" | "init" | "shutdown";

export interface BfdPeerStatus {
  readonly peer: string;
  readonly vrf: string | null;
  readonly interface: string | null;
  readonly multihop: boolean;
  readonly state: BfdState;
  readonly uptimeS: number;
}

type Json = Readonly<Record<string, unknown>>;

const isJson = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const json = (value: unknown): Json => (isJson(value) ? value : {});
const number = (value: unknown): number =>
  typeof value === "number" && Number.isFinite(value) ? value : 0;
const text = (value: unknown): string | null =>
  typeof value === "string" && value !== "" ? value : null;

/** JSON as FRR prints it; nothing for text that is none: 10.3 wraps a warning in braces of its own. */
export function parseFrrJson(said: string): unknown {
  try {
    return JSON.parse(said) as unknown;
  } catch {
    return {};
  }
}

const STATES: readonly BgpState[] = [
  ...(["Idle", "Connect", "Active", "OpenSent", "OpenConfirm", "Established"] as const),
];

/** `show bgp vrf all neighbors json`: instances by name, neighbours by key among words about the instance. */
export function neighborsFrom(said: string): readonly NeighborStatus[] {
  const found: NeighborStatus[] = [];
  for (const [name, instance] of Object.entries(json(parseFrrJson(said))))
    for (const [key, value] of Object.entries(json(instance))) {
      if (!isJson(value) || !("bgpState" in value)) continue;
      found.push(neighborFrom(key, name === "default" ? null : name, value));
    }
  return found.sort((a, b) => (order(a) < order(b) ? -1 : 1));
}

const order = ({ vrf, key }: NeighborStatus): string => `${vrf ?? ""} ${key}`;

function neighborFrom(key: string, vrf: string | null, shown: Json): NeighborStatus {
  const state = STATES.find((one) => one === shown["bgpState"]) ?? "Idle";
  const stats = json(shown["messageStats"]);
  const families = Object.values(json(shown["addressFamilyInfo"])).map(json);
  const sum = (field: string): number =>
    families.reduce((total, family) => total + number(family[field]), 0);
  const isInterface = !/[.:]/.test(key);
  return {
    key,
    vrf,
    address: isInterface ? text(shown["bgpNeighborAddr"]) : key,
    state,
    uptimeMs: state === "Established" ? uptime(shown) : 0,
    since: state === "Established" ? epoch(shown["bgpTimerUpEstablishedEpoch"]) : null,
    remoteAs: number(shown["remoteAs"]),
    remotePort: remotePort(state, shown),
    sentPrefixes: sum("sentPrefixCounter"),
    receivedPrefixes: sum("acceptedPrefixCounter"),
    updatesSent: number(stats["updatesSent"]),
    updatesReceived: number(stats["updatesRecv"]),
    opensSent: number(stats["opensSent"]),
    opensReceived: number(stats["opensRecv"]),
    keepalivesSent: number(stats["keepalivesSent"]),
    keepalivesReceived: number(stats["keepalivesRecv"]),
    notificationsSent: number(stats["notificationsSent"]),
    routeRefreshesSent: number(stats["routeRefreshSent"]),
    totalSent: number(stats["totalSent"]),
    totalReceived: number(stats["totalRecv"]),
    dropped: number(shown["connectionsDropped"]),
    last: lastReset(shown),
  };
}

function lastReset(shown: Json): LastReset {
  const dueTo = text(shown["lastResetDueTo"]);
  const isNotification = dueTo?.startsWith("BGP Notification") === true;
  return {
    dueTo,
    code: isNotification ? text(shown["lastErrorCodeSubcode"]) : null,
    direction: !isNotification ? null : dueTo.endsWith("received") ? "received" : "sent",
    notification: isNotification ? text(shown["lastNotificationReason"]) : null,
    bfdDown: text(json(shown["peerBfdInfo"])["status"]) === "Down",
  };
}

/** 8.4 counts milliseconds in a field that it also calls a uint; both count the same. */
const uptime = (shown: Json): number => number(shown["bgpTimerUpMsec"]);

/** 10.3 shows the port that it would like to reach, too; 8.4 none. Both have one from OpenSent on. */
const remotePort = (state: BgpState, shown: Json): number =>
  ["OpenSent", "OpenConfirm", "Established"].includes(state) &&
  typeof shown["portForeign"] === "number"
    ? shown["portForeign"]
    : -1;

const epoch = (seconds: unknown): string | null =>
  number(seconds) > 0 ? new Date(number(seconds) * 1000).toISOString() : null;

/** bfdd's lists of sessions, sorted by peer; empty for what is none. */
function bfdSessions<T extends { readonly peer: string }>(
  said: string,
  read: (shown: Json, session: { readonly peer: string; readonly vrf: string | null }) => T,
): readonly T[] {
  const list = parseFrrJson(said);
  if (!Array.isArray(list)) return [];
  return list
    .filter(isJson)
    .flatMap((shown): T[] => {
      const [peer, vrf] = [text(shown["peer"]), text(shown["vrf"])];
      return peer === null ? [] : [read(shown, { peer, vrf: vrf === "default" ? null : vrf })];
    })
    .sort((a, b) => (a.peer < b.peer ? -1 : 1));
}

/** `show bfd vrf all peers json` */
export const bfdPeersFrom = (said: string): readonly BfdPeerStatus[] =>
  bfdSessions(said, (shown, session) => ({
    ...session,
    interface: text(shown["interface"]),
    multihop: shown["multihop"] === true,
    state: (["up", "init", "shutdown"] as const).find((s) => s === shown["status"]) ?? "down",
    uptimeS: number(shown["uptime"]),
  }));

/** `show bfd peers counters json` */
export const bfdCountersFrom = (said: string): readonly BfdCounters[] =>
  bfdSessions(said, (shown, session) => ({
    ...session,
    controlInput: number(shown["control-packet-input"]),
    controlOutput: number(shown["control-packet-output"]),
    echoInput: number(shown["echo-packet-input"]),
    echoOutput: number(shown["echo-packet-output"]),
    upEvents: number(shown["session-up"]),
    downEvents: number(shown["session-down"]),
    zebraNotifications: number(shown["zebra-notifications"]),
  }));

/**
 * `show bgp ... PREFIX json`: the neighbours whose Adj-RIB-Out has the prefix, by key, sorted. An UPDATE that
 * is queued counts: without a coalescing timer it leaves within a turn of bgpd.
 */
export const sentToFrom = (said: string): readonly string[] =>
  Object.keys(json(json(parseFrrJson(said))["advertisedTo"])).sort();

/** Prefixes of `show bgp ... neighbors X advertised-routes json`; none where the family is not negotiated. */
export const advertisedFrom = (said: string): readonly string[] =>
  Object.keys(json(json(parseFrrJson(said))["advertisedRoutes"])).sort();

/** @throws AppError `ERR_FRR_UNREACHABLE` */
export const readNeighbors = async (vtysh: Vtysh): Promise<readonly NeighborStatus[]> =>
  neighborsFrom(await vtysh.show(["show bgp vrf all neighbors json"]));

/** @throws AppError `ERR_FRR_UNREACHABLE` */
export const readBfdPeers = async (vtysh: Vtysh): Promise<readonly BfdPeerStatus[]> =>
  bfdPeersFrom(await vtysh.show(["show bfd peers json"]));

/** What a neighbour is really sent (its Adj-RIB-Out). @throws AppError `ERR_FRR_UNREACHABLE` */
export async function readAdvertised(
  vtysh: Vtysh,
  { key, vrf }: Pick<NeighborStatus, "key" | "vrf">,
): Promise<readonly string[]> {
  const where = vrf === null ? "" : ` vrf ${vrf}`;
  const families = ["ipv4", "ipv6"].map((family) =>
    vtysh.show([`show bgp${where} ${family} unicast neighbors ${key} advertised-routes json`]),
  );
  return (await Promise.all(families)).flatMap(advertisedFrom).sort();
}
