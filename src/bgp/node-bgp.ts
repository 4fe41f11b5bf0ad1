/** Everything FRR on one node should do, from the configuration and the cluster at one moment. */
import type { ObjectRef } from "../api/objects.ts";
import type { Problem } from "../api/problem.ts";
import type { Snapshot } from "../api/snapshot.ts";
import type { Config, Peer } from "../config/config.ts";
import { classNumbers, sequencesFor } from "./class-number.ts";
import type {
  Announcement,
  AnnouncementClass,
  FrrLogLevel,
  Instance,
  Neighbor,
  Network,
  NodeBgp,
  OutboundEntry,
} from "./model.ts";
import { sessionFamilies, sessionFor } from "./neighbor.ts";
import { nodeFactsFor } from "./node-facts.ts";
import type { ExcludePolicy } from "../api/exclude-policy.ts";
import { groupPeers, peersOfNode } from "./peers-of-node.ts";
import type { PeerGroup } from "./peers-of-node.ts";
import { bgpDecisions, routesFor } from "./routes.ts";
import type { Route } from "./routes.ts";
import { MOST_COMMUNITIES, attributesAt, treatmentKey } from "./treatment.ts";

export interface BgpOptions {
  /** `--lb-class`; "" handles Services without a class. */
  readonly lbClass?: string;
  readonly excludePolicy?: ExcludePolicy;
  /** Default: the name of the node. */
  readonly hostname?: string;
  readonly logLevel?: FrrLogLevel;
}

type Inputs = "namespace" | "services" | "endpointSlices" | "nodes";
type RefsOf = (advertisements: readonly string[]) => ObjectRef[];

/** A route with the number of its class. */
interface Numbered extends Route {
  readonly classNumber: number;
}

const byNumber = (a: Numbered, b: Numbered): number => a.classNumber - b.classNumber;

/** One route for each class: they are treated alike. */
const oneOfEachClass = (routes: readonly Numbered[]): Numbered[] =>
  [...new Map(routes.map((r) => [r.classNumber, r])).values()].sort(byNumber);

export function nodeBgpFor(
  config: Config,
  snapshot: Pick<Snapshot, Inputs>,
  nodeName: string,
  options: BgpOptions = {},
): NodeBgp {
  const { namespace } = snapshot;
  const node = nodeFactsFor(nodeName, snapshot.nodes, options.excludePolicy);
  const decisions = bgpDecisions(config, snapshot, node, options.lbClass ?? "");
  const routes = routesFor(decisions);
  const numbers = classNumbers(routes.map((r) => treatmentKey(r.treatment)));
  const numbered = routes.map((r) => ({
    ...r,
    classNumber: numbers.get(treatmentKey(r.treatment)) ?? 0,
  }));
  const refs: RefsOf = (names) =>
    names.map((name) => ({ kind: "BGPAdvertisement", namespace, name }));
  const { groups, problems } = groupPeers(peersOfNode(config, node), namespace);
  const carried = new Set<Numbered>();
  const carriedBy = carriedAmong(numbered);
  const instances = groups.map((group) => instanceFor(group, numbered, refs, carriedBy, carried));
  return {
    hostname: options.hostname ?? nodeName,
    logLevel: options.logLevel ?? "informational",
    instances,
    classes: classesOf(
      numbered.filter((r) => carried.has(r)),
      refs,
    ),
    bfdProfiles: config.bfdProfiles,
    extras: config.extras,
    problems: [...problems, ...instances.flatMap((i) => i.neighbors).flatMap(fullEntries)],
    namespace,
  };
}

/** Several advertisements for one prefix add up; each by itself is held to fewer. */
const fullEntries = ({ peer, entries }: Neighbor): Problem[] =>
  entries.flatMap(({ attributes: { communities, largeCommunities }, origins }) =>
    Math.max(communities.length, largeCommunities.length) < MOST_COMMUNITIES
      ? []
      : origins.slice(0, 1).map((object) => ({
          severity: "warning",
          rule: "V52",
          code: "tooManyCommunities",
          object,
          path: "spec.communities",
          message: `with the other advertisements of a prefix: at most ${MOST_COMMUNITIES} of a kind are sent to ${peer}`,
        })),
  );

/** What a peer carries: prefixes of its families, that an advertisement gives it. */
interface Carried {
  readonly routes: readonly Numbered[];
  /** One of them for each class. */
  readonly classes: readonly Numbered[];
  readonly announcements: readonly Announcement[];
}

const NO_ATTRIBUTES = { localPref: 0, communities: [], largeCommunities: [] };

/** Peers that are treated alike have one list: a rack of 64 routers times ten thousand prefixes is one of ten thousand. */
function carriedAmong(routes: readonly Numbered[]): (peer: Peer) => Carried {
  const treatments = [...new Map(routes.map((r) => [r.classNumber, r.treatment])).values()];
  const known = new Map<string, Carried>();
  return (peer) => {
    const families = sessionFamilies(peer);
    const alike = JSON.stringify([families, treatments.map((t) => attributesAt(t, peer.name))]);
    let carried = known.get(alike);
    if (carried === undefined) {
      const mine = routes.filter(
        (r) => families.includes(r.prefix.family) && attributesAt(r.treatment, peer.name) !== null,
      );
      const announcements = mine.map((r) => ({
        prefix: r.text,
        ...(attributesAt(r.treatment, peer.name) ?? NO_ATTRIBUTES),
      }));
      known.set(alike, (carried = { routes: mine, classes: oneOfEachClass(mine), announcements }));
    }
    return carried;
  };
}

function instanceFor(
  group: PeerGroup,
  routes: readonly Numbered[],
  refs: RefsOf,
  carriedBy: (peer: Peer) => Carried,
  carriedAnywhere: Set<Numbered>,
): Instance {
  const lists = new Set<Carried>();
  const neighbors = group.peers.map((peer) => {
    const mine = carriedBy(peer);
    lists.add(mine);
    return neighborFor(peer, mine, refs);
  });
  const here = new Set<Numbered>();
  for (const list of lists) for (const route of list.routes) here.add(route);
  for (const route of here) carriedAnywhere.add(route);
  const networks = (family: 4 | 6): Network[] =>
    routes
      .filter((r) => r.prefix.family === family && here.has(r))
      .map(({ text, classNumber, services, advertisements }) => ({
        prefix: text,
        classNumber,
        origins: [...services, ...refs(advertisements)],
      }));
  const { asn, vrf, routerId } = group;
  return { asn, vrf, routerId, neighbors, networks4: networks(4), networks6: networks(6) };
}

function neighborFor(peer: Peer, { classes, announcements }: Carried, refs: RefsOf): Neighbor {
  const sequences = sequencesFor(classes.map((r) => r.classNumber));
  const entries: OutboundEntry[] = classes.map((r) => ({
    sequence: sequences.get(r.classNumber) ?? 0,
    classNumber: r.classNumber,
    attributes: attributesAt(r.treatment, peer.name) ?? NO_ATTRIBUTES,
    origins: refs(r.advertisements),
  }));
  entries.sort((a, b) => a.sequence - b.sequence);
  return { ...sessionFor(peer), entries, announcements };
}

function classesOf(routes: readonly Numbered[], refs: RefsOf): AnnouncementClass[] {
  const names = new Map<number, Set<string>>();
  for (const { classNumber, advertisements } of routes) {
    const at = names.get(classNumber) ?? new Set();
    names.set(classNumber, at);
    for (const name of advertisements) at.add(name);
  }
  return [...names]
    .sort(([a], [b]) => a - b)
    .map(([number, found]) => ({ number, origins: refs([...found].sort()) }));
}
