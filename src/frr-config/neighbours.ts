/** The part of a delta inside one `router bgp`: its options, its neighbours, its address families. */
import { emptyBlock, type Block } from "./tree.ts";
import { peerOf, settingOf } from "./setting.ts";
import { settingsDelta } from "./settings-delta.ts";
import { step, type Step } from "./step.ts";

/** Lines of one neighbour: those of the instance, and those of each address family. */
export interface Neighbour {
  readonly lines: readonly string[];
  readonly families: ReadonlyMap<string, readonly string[]>;
}

const isFamily = (line: string): boolean => line.startsWith("address-family ");
/** What brings a neighbour into being: every other line needs it. */
const isBirth = (line: string): boolean =>
  /^neighbor \S+ (?:interface )?(?:remote-as \S+|peer-group)$/.test(line);

export function neighboursOf(instance: Block): ReadonlyMap<string, Neighbour> {
  const found = new Map<string, { lines: string[]; families: Map<string, string[]> }>();
  const of = (peer: string): { lines: string[]; families: Map<string, string[]> } => {
    const there = found.get(peer) ?? { lines: [], families: new Map<string, string[]>() };
    found.set(peer, there);
    return there;
  };
  for (const [line, below] of instance)
    if (isFamily(line))
      for (const inner of below.keys()) {
        const peer = peerOf(inner);
        if (peer === null) continue;
        const { families } = of(peer);
        families.set(line, [...(families.get(line) ?? []), inner]);
      }
    else {
      const peer = peerOf(line);
      if (peer !== null) of(peer).lines.push(line);
    }
  return found;
}

/** `no neighbor ...` for a neighbour with all its lines. */
export function removalOf(instance: string, peer: string, { lines }: Neighbour): Step {
  const birth = lines.find(isBirth);
  const undo =
    birth?.startsWith(`neighbor ${peer} interface`) === true
      ? `no neighbor ${peer} interface`
      : birth?.endsWith(" peer-group") === true
        ? `no neighbor ${peer} peer-group`
        : `no neighbor ${peer}`;
  return step([instance], undo, birth ?? `neighbor ${peer}`);
}

/** From one content of an instance to another; `running` is empty for a new instance. */
export function instanceDelta(instance: string, running: Block, desired: Block): readonly Step[] {
  const within = [instance];
  const [before, after] = [neighboursOf(running), neighboursOf(desired)];
  const options = (block: Block): readonly string[] =>
    [...block.keys()].filter((line) => !isFamily(line) && peerOf(line) === null);
  const general = settingsDelta("router-bgp", within, options(running), options(desired));

  const gone = [...before].filter(
    ([peer, lines]) => after.get(peer) === undefined || isReborn(lines, after.get(peer)),
  );
  const kept = (peer: string): Neighbour | undefined =>
    gone.some(([name]) => name === peer) ? undefined : before.get(peer);
  const steps: Step[] = [
    ...general.removals,
    ...general.additions,
    ...gone.map(([peer, lines]) => removalOf(instance, peer, lines)),
    ...[...after].flatMap(([peer, lines]) => neighbourDelta(instance, peer, kept(peer), lines)),
  ];
  const families = new Set([...running.keys(), ...desired.keys()].filter(isFamily));
  for (const family of families) {
    const place = [instance, family];
    const rest = (block: Block): readonly string[] =>
      [...(block.get(family) ?? emptyBlock()).keys()].filter((line) => peerOf(line) === null);
    const networks = settingsDelta("address-family", place, rest(running), rest(desired));
    // A prefix that stays gets its class before a policy asks for it: taking over from prefix-lists loses nothing.
    const asked = desired.get(family) ?? emptyBlock();
    const replaced = rest(running).filter((line) => !asked.has(line));
    const there = new Set(replaced.map((line) => settingOf("address-family", line).slot));
    const stays = ({ line }: Step): boolean => there.has(settingOf("address-family", line).slot);
    steps.push(...networks.additions.filter(stays));
    for (const [peer, lines] of after)
      steps.push(
        ...familyDelta(place, kept(peer)?.families.get(family), lines.families.get(family)),
      );
    steps.push(...networks.removals, ...networks.additions.filter((one) => !stays(one)));
  }
  return steps;
}

/** A neighbour that has to be removed and made again: it was of another kind. */
function isReborn(before: Neighbour, after: Neighbour | undefined): boolean {
  const kind = (neighbour: Neighbour | undefined): string | undefined =>
    neighbour?.lines.find(isBirth)?.split(" ")[2]?.replace("remote-as", "address");
  return kind(before) !== kind(after);
}

/** What ends first, then who the neighbour is, then the rest. */
function neighbourDelta(
  instance: string,
  peer: string,
  before: Neighbour | undefined,
  after: Neighbour,
): readonly Step[] {
  const { removals, additions } = settingsDelta(
    "router-bgp",
    [instance],
    before?.lines ?? [],
    after.lines,
  );
  // Taking BFD away takes the profile with it; `no ... bfd profile` afterwards would switch it on again.
  const endsBfd = removals.some(({ line }) => line === `no neighbor ${peer} bfd`);
  return [
    ...removals.filter(({ line }) => !endsBfd || !line.includes(" bfd profile ")),
    ...additions.filter(({ line }) => isBirth(line)),
    ...additions.filter(({ line }) => !isBirth(line)),
  ];
}

/** Out of the family before its policies go, and into it after they are there. */
function familyDelta(
  place: readonly string[],
  before: readonly string[] = [],
  after: readonly string[] = [],
): readonly Step[] {
  const { removals, additions } = settingsDelta("address-family", place, before, after);
  const activation = ({ line }: Step): boolean => line.endsWith(" activate");
  return [
    ...removals.filter(activation),
    ...removals.filter((one) => !activation(one)),
    ...additions.filter((one) => !activation(one)),
    ...additions.filter(activation),
  ];
}
