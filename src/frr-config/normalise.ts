/**
 * A tree as FRR means it, so that equal configurations have equal trees whoever wrote them: one spelling per
 * line, nothing that equals FRR's default, nothing that FRR prints of its own accord. Holds for 8.4 to 10.x.
 */
import { emptyBlock, type Block } from "./tree.ts";

/** Lines of the top context that are FRR's, not the configuration's. */
const FRRS_OWN =
  /^(?:frr (?:version|defaults) |hostname |domainname |service integrated-vtysh-config$|line vty$|(?:no )?ip(?:v6)? forwarding$|ip(?:v6)? nht resolve-via-default$|bgp route-map delay-timer 5$)/;

/** Values that FRR does not print. */
const DEFAULTS: ReadonlySet<string> = new Set([
  "bfd-profile detect-multiplier 3",
  "bfd-profile transmit-interval 300",
  "bfd-profile receive-interval 300",
  "bfd-profile echo transmit-interval 50",
  "bfd-profile echo receive-interval 50",
  "bfd-profile minimum-ttl 254",
  "bfd-profile no echo-mode",
  "bfd-profile no passive-mode",
  "bfd-profile no shutdown",
  "router-bgp no coalesce-time",
]);

/** What a context is to us; `other` for those that we neither write nor read. */
export type Context =
  "top" | "router-bgp" | "address-family" | "route-map" | "bfd" | "bfd-profile" | "other";

export function contextBelow(context: Context, line: string): Context {
  if (context === "top" && line.startsWith("router bgp ")) return "router-bgp";
  if (context === "router-bgp" && line.startsWith("address-family ")) return "address-family";
  if (context === "top" && line.startsWith("route-map ")) return "route-map";
  if (context === "top" && line === "bfd") return "bfd";
  if (context === "bfd" && line.startsWith("profile ")) return "bfd-profile";
  return "other";
}

/** Of whole trees, which nobody changes: those of the last batch are compared again with the next. */
const known = new WeakMap<Block, Block>();

export function normalise(block: Block): Block {
  let normal = known.get(block);
  if (normal === undefined) known.set(block, (normal = normaliseIn(block, "top")));
  return normal;
}

function normaliseIn(block: Block, context: Context): Block {
  const out = new Map<string, Block>();
  for (const [raw, below] of block) {
    if (context === "top" && FRRS_OWN.test(raw)) continue;
    const inner = contextBelow(context, raw);
    const children =
      inner === "other" && below.size === 0 ? emptyBlock() : normaliseIn(below, inner);
    // FRR prints these only when something is inside.
    if (children.size === 0 && (inner === "bfd" || inner === "address-family")) continue;
    for (const line of spell(context, raw))
      if (!DEFAULTS.has(`${context} ${line}`)) out.set(line, children);
  }
  return out;
}

/** A path of the written text, in the spelling that `normalise` gives its lines. */
export function normalPath(path: readonly string[]): readonly string[] {
  let context: Context = "top";
  return path.map((raw) => {
    const line = spell(context, raw)[0] ?? raw;
    context = contextBelow(context, raw);
    return line;
  });
}

/** The lines that FRR prints for one that it was given; none for a value that is the default. */
function spell(context: Context, line: string): readonly string[] {
  switch (context) {
    case "top":
      return spellTop(line);
    case "router-bgp":
      return spellNeighbor(line);
    case "route-map":
      return [spellSet(line)];
    case "address-family":
    case "bfd":
    case "bfd-profile":
    case "other":
      return [line];
  }
}

const LEVELS = [
  ...["emergencies", "alerts", "critical", "errors", "warnings", "notifications"],
  ...["informational", "debugging"],
];

function spellTop(line: string): readonly string[] {
  if (line === "debug bgp updates") return [`${line} in`, `${line} out`];
  const level = /^log stdout (\S+)$/.exec(line)?.[1];
  if (level === undefined) return [line];
  const full = LEVELS.find((name) => name.startsWith(level)) ?? level;
  return [full === "debugging" ? "log stdout" : `log stdout ${full}`];
}

function spellNeighbor(line: string): readonly string[] {
  if (!line.startsWith("neighbor ")) return [line];
  if (/^neighbor \S+ port 179$/.test(line)) return [];
  if (/^neighbor \S+ ebgp-multihop$/.test(line)) return [`${line} 255`];
  const timers = /^(neighbor \S+ timers) (\d+) (\d+)$/.exec(line);
  if (timers === null) return [line];
  const [, start = "", keepalive, hold] = timers;
  return [`${start} ${Math.min(Number(keepalive), Math.floor(Number(hold) / 3))} ${hold ?? ""}`];
}

/** RFC 1997 and later: FRR reads these names and prints them instead of the numbers. */
const WELL_KNOWN: Readonly<Record<string, string>> = {
  internet: "0:0",
  "graceful-shutdown": "65535:0",
  "accept-own": "65535:1",
  "route-filter-translated-v4": "65535:2",
  "route-filter-v4": "65535:3",
  "route-filter-translated-v6": "65535:4",
  "route-filter-v6": "65535:5",
  "llgr-stale": "65535:6",
  "no-llgr": "65535:7",
  "accept-own-nexthop": "65535:8",
  blackhole: "65535:666",
  "no-export": "65535:65281",
  "no-advertise": "65535:65282",
  "local-AS": "65535:65283",
  "no-peer": "65535:65284",
};

/** Communities are sets: numbers, each once, in order. */
function spellSet(line: string): string {
  const set = /^(set (?:large-)?community) (.+?)( additive)?$/.exec(line);
  if (set === null || set[2] === undefined || set[2] === "none") return line;
  const numbers = set[2].split(" ").map((word) => WELL_KNOWN[word] ?? word);
  const sorted = [...new Set(numbers)].sort(byNumbers);
  return `${set[1] ?? ""} ${sorted.join(" ")}${set[3] ?? ""}`;
}

function byNumbers(a: string, b: string): number {
  const [left, right] = [a.split(":"), b.split(":")];
  for (const [i, part] of left.entries()) {
    const difference = Number(part) - Number(right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
