/** What a delta does to sessions and routes, predicted from the two normalised trees. */
import { adjRibOutOf, vrfOf, type AdjRibOut } from "./adj-rib-out.ts";
import { contextBelow } from "./normalise.ts";
import { neighboursOf, type Neighbour } from "./neighbours.ts";
import type { Block } from "./tree.ts";
import type { FrrVersion } from "./version.ts";

export interface Effects {
  /** Sessions that end, or end and begin again. A peer in a VRF is `address vrf name`. */
  readonly sessionsReset: readonly { readonly peer: string; readonly why: string }[];
  /** Sent to some peer afterwards and to none before, and the other way round. */
  readonly prefixesAdded: readonly string[];
  readonly prefixesWithdrawn: readonly string[];
  /** Per peer that stays: what it is sent anew, no longer, or with other attributes. */
  readonly peers: readonly PeerEffect[];
}

export interface PeerEffect {
  readonly peer: string;
  readonly added: readonly string[];
  readonly withdrawn: readonly string[];
  readonly changed: readonly string[];
}

export function effectsOf(running: Block, desired: Block, version: FrrVersion | null): Effects {
  const [before, after] = [adjRibOutOf(running), adjRibOutOf(desired)];
  const sent = (rib: AdjRibOut): ReadonlySet<string> =>
    new Set([...rib.values()].flatMap((prefixes) => [...prefixes.keys()]));
  const [had, has] = [sent(before), sent(after)];
  return {
    sessionsReset: resets(running, desired, resettingIn(version)),
    prefixesAdded: [...has].filter((prefix) => !had.has(prefix)).sort(),
    prefixesWithdrawn: [...had].filter((prefix) => !has.has(prefix)).sort(),
    peers: peerEffects(before, after),
  };
}

function peerEffects(before: AdjRibOut, after: AdjRibOut): readonly PeerEffect[] {
  const effects: PeerEffect[] = [];
  for (const [peer, now] of after) {
    const then = before.get(peer) ?? new Map<string, readonly string[]>();
    const added = [...now.keys()].filter((prefix) => !then.has(prefix)).sort();
    const withdrawn = [...then.keys()].filter((prefix) => !now.has(prefix)).sort();
    const changed = [...now.keys()]
      .filter((prefix) => then.has(prefix) && then.get(prefix)?.join() !== now.get(prefix)?.join())
      .sort();
    if (added.length + withdrawn.length + changed.length > 0)
      effects.push({ peer, added, withdrawn, changed });
  }
  return effects.sort((a, b) => (a.peer < b.peer ? -1 : 1));
}

/** What FRR resets a session for, by the words after the neighbour's name (measured on 8.4.4 and 10.3). */
type Resetting = readonly (readonly [start: RegExp, why: string])[];
const RESETTING: Resetting = [
  [/^(?:interface )?remote-as /, "the remote AS changes"],
  [/^local-as /, "the local AS changes"],
  [/^port /, "the port changes"],
  [/^password /, "the password changes"],
  [/^update-source /, "the source address changes"],
  [/^ebgp-multihop/, "multihop changes"],
  [/^disable-connected-check$/, "the connected check changes"],
];

/** Until 10.0 the switch waited for the next start of the session (idempotent, and at once, since 10.1). */
const RESETTING_SINCE_10_1: Resetting = [
  ...RESETTING,
  [/^graceful-restart$/, "graceful restart is switched on or off"],
];

/** An unknown version counts as a new one: better a reset announced than one that surprises. */
const resettingIn = (version: FrrVersion | null): Resetting =>
  version !== null && (version.major < 10 || (version.major === 10 && version.minor < 1))
    ? RESETTING
    : RESETTING_SINCE_10_1;

function resets(running: Block, desired: Block, resetting: Resetting): Effects["sessionsReset"] {
  const found: { peer: string; why: string }[] = [];
  for (const [line, instance] of running) {
    if (contextBelow("top", line) !== "router-bgp") continue;
    const wanted = desired.get(line);
    const next = wanted === undefined ? null : neighboursOf(wanted);
    const everyone = wanted === undefined ? null : instanceReset(instance, wanted);
    for (const [peer, before] of neighboursOf(instance)) {
      const after = next?.get(peer);
      const why =
        next === null
          ? "its BGP instance ends"
          : after === undefined
            ? "the neighbour is removed"
            : (everyone ?? neighbourReset(peer, before, after, resetting));
      if (why !== null) found.push({ peer: peer + vrfOf(line), why });
    }
  }
  return found.sort((a, b) => (a.peer < b.peer ? -1 : 1));
}

function instanceReset(running: Block, desired: Block): string | null {
  const id = (block: Block): string | undefined =>
    [...block.keys()].find((line) => line.startsWith("bgp router-id "));
  return id(running) === id(desired) ? null : "the router ID changes";
}

function neighbourReset(
  peer: string,
  before: Neighbour,
  after: Neighbour,
  resetting: Resetting,
): string | null {
  const start = `neighbor ${peer} `.length;
  for (const [pattern, why] of resetting) {
    const words = ({ lines }: Neighbour): string | undefined =>
      lines.map((line) => line.slice(start)).find((rest) => pattern.test(rest));
    if (words(before) !== words(after)) return why;
  }
  const active = ({ families }: Neighbour): string =>
    [...families]
      .filter(([, lines]) => lines.includes(`neighbor ${peer} activate`))
      .map(([family]) => family)
      .sort()
      .join();
  return active(before) === active(after) ? null : "an address family is switched on or off";
}
