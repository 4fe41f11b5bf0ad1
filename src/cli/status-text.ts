/** `ferrolb status` for people: four tables that fit a screen. */
import type { PoolStatus, SessionStatus, Status } from "../explain/status.ts";
import { table } from "./output.ts";

const BAR = 20;

export const bar = (percent: number): string => {
  const full = Math.min(BAR, Math.ceil((percent / 100) * BAR));
  return `[${"#".repeat(full)}${".".repeat(BAR - full)}]`;
};

/** As kubectl has it: the two largest units at most; `-` without a beginning, or with one that is no time. */
export function age(since: string | null, nowMs: number): string {
  const seconds = Math.floor((nowMs - Date.parse(since ?? "")) / 1000);
  if (Number.isNaN(seconds)) return "-";
  const s = Math.max(0, seconds);
  if (s < 120) return `${s}s`;
  if (s < 7200) return `${Math.floor(s / 60)}m`;
  if (s < 172_800) return `${Math.floor(s / 3600)}h`;
  return `${Math.floor(s / 86_400)}d`;
}

const orNone = (text: string | null | undefined): string =>
  text === null || text === undefined || text === "" ? "-" : text;

const family = (used: bigint, free: bigint): string =>
  used + free === 0n ? "-" : `${used}/${used + free}`;

const poolRow = (p: PoolStatus, wide: boolean): string[] => [
  p.name,
  p.problem !== null
    ? "left out"
    : p.usedPercent === null
      ? "-"
      : `${bar(p.usedPercent)} ${p.usedPercent.toFixed(0)}%`,
  family(p.assignedIPv4, p.availableIPv4),
  family(p.assignedIPv6, p.availableIPv6),
  ...(wide ? [p.addresses.join(","), orNone(p.problem)] : []),
];

const sessionRow = (s: SessionStatus, nowMs: number, wide: boolean): string[] => [
  s.peer,
  s.node,
  s.neighbor,
  s.remoteAS,
  s.state ?? "unknown",
  age(s.since, nowMs),
  s.prefixesSent === null ? "-" : `${s.prefixesSent}`,
  orNone(s.reason),
  ...(wide ? [orNone(s.message)] : []),
];

/** Untrusted text on a terminal: nothing in it moves the cursor. */
const plain = (text: string): string =>
  // eslint-disable-next-line no-control-regex -- control characters are what is taken out
  text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, "?");

export function statusText(status: Status, nowMs: number, wide = false): string {
  const { pools, sessions, services, members, conflicts } = status;
  const up = sessions.filter((s) => s.state === "Established").length;
  const lives = members.filter((m) => m.alive).length;
  const parts = [
    `${services.filter((s) => s.served).length} of ${services.length} Services served, ` +
      `${up} of ${sessions.length} sessions established, ${lives} of ${members.length} speakers alive`,
    table(
      ["POOL", "USED", "IPV4", "IPV6", ...(wide ? ["ADDRESSES", "PROBLEM"] : [])],
      pools.map((p) => poolRow(p, wide)),
    ),
    table(
      ["PEER", "NODE", "NEIGHBOR", "AS", "STATE", "UP", "SENT", "REASON"].concat(
        wide ? ["MESSAGE"] : [],
      ),
      sessions.map((s) => sessionRow(s, nowMs, wide)),
    ),
    table(
      ["SERVICE", "ADDRESS", "POOL", "L2 OWNER", "BGP NEXT HOPS", "AGE", "REASON"].concat(
        wide ? ["PEERS", "MESSAGE"] : [],
      ),
      services.map((s) => [
        `${s.namespace}/${s.name}`,
        orNone(s.addresses.join(",")),
        orNone(s.pool),
        orNone(s.owner),
        orNone(s.nextHops.join(",")),
        age(s.createdAt, nowMs),
        s.served ? "served" : s.reason,
        ...(wide ? [orNone(s.peers.join(",")), s.message] : []),
      ]),
    ),
    table(
      ["MEMBER", "SPEAKER"],
      members.map((m) => [m.node, m.alive ? "alive" : m.reason]),
    ),
    ...(conflicts.length === 0
      ? []
      : [
          table(
            ["CONFLICT", "OTHER STATION", "INTERFACE", "HEARD BY"],
            conflicts.map((c) => [
              c.ip,
              c.node === null ? c.mac : `${c.mac} (${c.node})`,
              c.interface,
              c.heardBy,
            ]),
          ),
        ]),
  ];
  return plain(parts.join("\n\n"));
}
