/**
 * Lines of one setting replace each other; `slot` names the setting. `undo` is the line that FRR really
 * accepts to take this one back (a default written out where FRR has no `no` form).
 */
import type { Context } from "./normalise.ts";

export interface Setting {
  readonly slot: string;
  readonly undo: string;
}

type Rule = readonly [line: RegExp, undo: (match: RegExpExecArray) => string];

const no = (found: RegExpExecArray): string => `no ${found[0]}`;
/** `no` and the words that name the setting, without its value. */
const bare = (found: RegExpExecArray): string => `no ${found[1] ?? found[0]}`;

/** Single-valued settings: the first group names the slot. Every other line is a setting of its own. */
const RULES: Readonly<Record<Context, readonly Rule[]>> = {
  top: [
    [/^(log (?:stdout|syslog|monitor))(?: |$)/, bare],
    [/^(log timestamp precision) /, bare],
    [/^(log file) /, bare],
    [/^(bgp route-map delay-timer) /, bare],
    [/^(ip(?:v6)? prefix-list \S+ seq \d+) .*/, no],
  ],
  "router-bgp": [
    [/^(bgp router-id) /, bare],
    [/^(coalesce-time) /, bare],
    [/^(neighbor \S+ interface) remote-as /, bare],
    [/^(neighbor \S+) remote-as /, bare],
    [/^(neighbor \S+ timers connect) /, bare],
    [/^(neighbor \S+ timers) \d/, bare],
    [/^(neighbor \S+ bfd profile) .*/, no],
    [
      /^(neighbor \S+ (?:local-as|port|password|update-source|ebgp-multihop|description|advertisement-interval))(?: |$)/,
      bare,
    ],
  ],
  "address-family": [
    [/^(network \S+)(?: |$)/, bare],
    [/^(neighbor \S+) route-map \S+ (?:in|out)$/, no],
    [/^(neighbor \S+ maximum-prefix) /, bare],
  ],
  "route-map": [
    [/^(match tag) .*/, no],
    [/^(set (?:tag|local-preference|metric|weight)) .*/, no],
    [/^(set (?:large-)?community) .*/, no],
  ],
  bfd: [],
  "bfd-profile": [
    [/^(detect-multiplier) /, () => "detect-multiplier 3"],
    [/^((?:transmit|receive)-interval) /, (found) => `${found[1] ?? ""} 300`],
    [/^(echo (?:transmit|receive)-interval) /, (found) => `${found[1] ?? ""} 50`],
    [/^(minimum-ttl) /, () => "minimum-ttl 254"],
  ],
  other: [],
};

export function settingOf(context: Context, line: string): Setting {
  for (const [pattern, undo] of RULES[context]) {
    const found = pattern.exec(line);
    if (found === null) continue;
    return { slot: `${found[1] ?? line}${direction(line)}`, undo: undo(found) };
  }
  return { slot: line, undo: line.startsWith("no ") ? line.slice(3) : `no ${line}` };
}

/** A neighbour has one route-map each way. */
const direction = (line: string): string =>
  / route-map \S+ (in|out)$/.exec(line)?.[0].replace(/ route-map \S+/, " route-map") ?? "";

/** The neighbour that a line of `router bgp` or of an address family speaks of. */
export const peerOf = (line: string): string | null =>
  line.startsWith("ne") || line.startsWith("no ") ? (NEIGHBOR.exec(line)?.[1] ?? null) : null;
const NEIGHBOR = /^(?:no )?neighbor (\S+)(?: |$)/;
