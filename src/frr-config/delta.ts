/**
 * The commands that turn one running configuration into another: what is referred to comes first, removals
 * come last, and nothing that stays is touched.
 */
import { effectsOf, type Effects } from "./effects.ts";
import { contextBelow, normalise, type Context } from "./normalise.ts";
import { instanceDelta, neighboursOf, removalOf } from "./neighbours.ts";
import { isOwned } from "./owned.ts";
import { settingsDelta } from "./settings-delta.ts";
import { commandsFor, step, type Command, type Step } from "./step.ts";
import { emptyBlock, isContext, type Block } from "./tree.ts";
import { parseFrrVersion, type FrrVersion } from "./version.ts";

export interface Delta {
  /** Lines for one `vtysh -f`; none when both say the same. */
  readonly commands: readonly Command[];
  /** The settings that differ: each line with its contexts before it. */
  readonly differences: readonly Difference[];
  /** Worked out when first asked for. */
  readonly effects: Effects;
}

export interface Difference {
  readonly kind: "missing" | "extra";
  readonly path: readonly string[];
}

export interface DeltaOptions {
  /** What we gave FRR last: its lines go when they are no longer desired, whatever they are. */
  readonly ours?: Block;
  /** Of the running FRR, where its configuration does not say it. */
  readonly version?: FrrVersion | null;
  /** Differences to leave alone, by `pathKey`. */
  readonly tolerated?: ReadonlySet<string>;
}

export const pathKey = (path: readonly string[]): string => path.join("\n");

/**
 * @param running what FRR has, `show running-config` parsed
 * @param desired what it should have
 */
export function deltaFor(running: Block, desired: Block, options: DeltaOptions = {}): Delta {
  const { ours = emptyBlock(), tolerated, version = versionIn(running) } = options;
  const [have = emptyBlock(), want = emptyBlock(), had = emptyBlock()] = [
    running,
    desired,
    ours,
  ].map((block) => withNextHopTracking(normalise(block), block, version));
  const maps = routeMapDelta(have, want, had);
  const profiles = profileDelta(have, want);
  const instances = instancesDelta(have, want);
  const rest = restDelta([], have, want, had);
  const steps = [
    ...rest.additions,
    ...profiles.additions,
    ...maps.additions,
    ...instances,
    ...maps.removals,
    ...profiles.removals,
    ...rest.removals,
  ].filter(({ about }) => tolerated?.has(pathKey(about)) !== true);
  const held = holdsPolicy(steps, have) ? heldBack(steps, want) : steps;
  let effects: Effects | null = null;
  return {
    commands: commandsFor(held),
    differences: steps.map(({ about }) => ({
      kind: isIn(want, about) ? "missing" : "extra",
      path: about,
    })),
    // Every peer's Adj-RIB-Out of before and after: for people, not for batches.
    get effects() {
      return (effects ??= effectsOf(have, want, version));
    },
  };
}

const NEXT_HOP_TRACKING = ["ip nht resolve-via-default", "ipv6 nht resolve-via-default"];

/** Off by default on FRR 8, which prints it where it is on; on by default on 10, which then says nothing. */
function withNextHopTracking(normal: Block, raw: Block, version: FrrVersion | null): Block {
  if (version === null || version.major >= 10) return normal;
  const said = NEXT_HOP_TRACKING.filter((line) => raw.has(line));
  return new Map([...normal, ...said.map((line) => [line, emptyBlock()] as const)]);
}

function versionIn(running: Block): FrrVersion | null {
  const line = [...running.keys()].find((one) => one.startsWith("frr version "));
  return line === undefined ? null : parseFrrVersion(line);
}

function isIn(block: Block, [line, ...below]: readonly string[]): boolean {
  const inner = line === undefined ? undefined : block.get(line);
  return inner !== undefined && (below.length === 0 || isIn(inner, below));
}

interface Parts {
  readonly additions: readonly Step[];
  readonly removals: readonly Step[];
}

const NAME = /^route-map (\S+) (permit|deny) (\d+)$/;

/** Entries are compared one by one; one that changes between permit and deny is made anew. */
function routeMapDelta(have: Block, want: Block, had: Block): Parts {
  const entries = (block: Block): readonly [string, Block][] =>
    [...block].filter(([line]) => contextBelow("top", line) === "route-map");
  const seat = (line: string): string => line.replace(NAME, "$1 $3");
  const wanted = new Map(entries(want).map(([line]) => [seat(line), line]));
  const additions = entries(want).flatMap(([line, body]) => {
    const running = have.get(line);
    const other = entries(have).find(([l]) => l !== line && seat(l) === seat(line));
    const inside = settingsDelta("route-map", [line], running?.keys() ?? [], body.keys());
    return [
      ...(other === undefined ? [] : [step([], `no ${other[0]}`, other[0])]),
      ...(running === undefined ? [step([], line)] : []),
      ...inside.removals,
      ...inside.additions,
    ];
  });
  const removals = entries(have)
    .filter(([line]) => !wanted.has(seat(line)) && (isOwned([line]) || had.has(line)))
    .map(([line]) => step([], `no ${line}`, line));
  return { additions, removals };
}

function profileDelta(have: Block, want: Block): Parts {
  const [running, desired] = [have.get("bfd") ?? emptyBlock(), want.get("bfd") ?? emptyBlock()];
  const additions = [...desired].flatMap(([line, body]) => {
    const there = running.get(line);
    const context = contextBelow("bfd", line);
    const inside = settingsDelta(context, ["bfd", line], there?.keys() ?? [], body.keys());
    return [
      ...(there === undefined ? [step(["bfd"], line)] : []),
      ...inside.removals,
      ...inside.additions,
    ];
  });
  const removals = [...running.keys()]
    .filter((line) => !desired.has(line))
    .map((line) => step(["bfd"], `no ${line}`, line));
  return { additions, removals };
}

/** Instances that end give up their neighbours first; one whose number changes ends before it begins. */
function instancesDelta(have: Block, want: Block): readonly Step[] {
  const instances = (block: Block): readonly [string, Block][] =>
    [...block].filter(([line]) => contextBelow("top", line) === "router-bgp");
  const ended = instances(have).filter(([line]) => !want.has(line));
  return [
    ...ended.flatMap(([line, body]) => [
      ...[...neighboursOf(body)].map(([peer, lines]) => removalOf(line, peer, lines)),
      step([], `no ${line}`, line),
    ]),
    ...instances(want).flatMap(([line, body]) => [
      ...(have.has(line) ? [] : [step([], line)]),
      ...instanceDelta(line, have.get(line) ?? emptyBlock(), body),
    ]),
  ];
}

/** Everything that has no rules of its own here: single lines, and contexts we know nothing about. */
function restDelta(within: readonly string[], have: Block, want: Block, had: Block): Parts {
  const context: Context = within.length === 0 ? "top" : "other";
  const above = within.at(-1) ?? "";
  const isRest = (line: string): boolean =>
    context === "other" || contextBelow("top", line) === "other";
  const plain = (block: Block): readonly string[] =>
    [...block.keys()].filter((line) => isRest(line) && !isContext(line, above));
  const mayRemove = (line: string): boolean => isOwned([...within, line]) || had.has(line);
  const lines = settingsDelta(context, within, plain(have), plain(want), mayRemove);
  const additions: Step[] = [...lines.additions];
  const removals: Step[] = [...lines.removals];
  for (const [line, body] of want) {
    if (!isRest(line) || !isContext(line, above)) continue;
    if (!have.has(line)) additions.push(step(within, line));
    const below = (block: Block): Block => block.get(line) ?? emptyBlock();
    const inside = restDelta([...within, line], below(have), body, below(had));
    additions.push(...inside.removals, ...inside.additions);
  }
  for (const line of have.keys())
    if (isRest(line) && isContext(line, above) && !want.has(line) && mayRemove(line))
      removals.push(step(within, `no ${line}`, line));
  return { additions, removals };
}

/** Whether the steps alter a route-map that something running refers to. */
function holdsPolicy(steps: readonly Step[], have: Block): boolean {
  const altered = steps.flatMap(({ about }) => NAME.exec(about[0] ?? "")?.[1] ?? []);
  if (altered.length === 0) return false;
  const inUse = new Set<string>();
  for (const [line, body] of have)
    if (contextBelow("top", line) === "router-bgp")
      for (const family of body.values())
        for (const inner of family.keys()) {
          const name = / route-map (\S+)/.exec(inner)?.[1];
          if (name !== undefined) inUse.add(name);
        }
  return altered.some((name) => inUse.has(name));
}

const TIMER = "bgp route-map delay-timer";

/**
 * bgpd acts on a route-map that changes under it after a delay, by default 5 s; with a delay of zero it acts
 * never (8.4) or on each line (10.x), where a half-written entry would leak. So the delay is long while we
 * write, and switching it to zero makes bgpd act on the whole at once.
 */
function heldBack(steps: readonly Step[], want: Block): readonly Step[] {
  const desired = [...want.keys()].find((line) => line.startsWith(`${TIMER} `));
  const isTimer = ({ line }: Step): boolean => line.includes(TIMER);
  return [
    step([], `${TIMER} 600`),
    ...steps.filter((one) => !isTimer(one)),
    step([], `${TIMER} 0`),
    ...(desired === `${TIMER} 0` ? [] : [step([], desired ?? `no ${TIMER}`)]),
  ];
}
