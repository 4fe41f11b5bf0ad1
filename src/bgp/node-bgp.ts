/** Everything FRR on one node should do, from the configuration and the cluster at one moment. */
import type { ObjectRef } from "../api/objects.ts";
import type { Problem } from "../api/problem.ts";
import type { Snapshot } from "../api/snapshot.ts";
import type { Config, Peer } from "../config/config.ts";
import { classNumbers, sequencesFor } from "./class-number.ts";
import type {
  Announcement,
  AnnouncementClass,
  Attributes,
  FrrLogLevel,
  Instance,
  Neighbor,
  Network,
  NodeBgp,
  OutboundEntry,
} from "./model.ts";
import { sessionFamilies, sessionFor } from "./neighbor.ts";
import { nodeFactsFor } from "./node-facts.ts";
import type { NodeFacts } from "./node-facts.ts";
import type { ExcludePolicy } from "../api/exclude-policy.ts";
import { groupPeers, peersOfNode } from "./peers-of-node.ts";
import type { PeerGroup } from "./peers-of-node.ts";
import { lastFor, onceFor, sameItems } from "../runtime/steady.ts";
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
type RefsOf = (advertisements: readonly string[]) => readonly ObjectRef[];

/** A route with the number of its class. */
interface Numbered extends Route {
  readonly classNumber: number;
}

const byNumber = (a: Numbered, b: Numbered): number => a.classNumber - b.classNumber;

/** One route for each class: they are treated alike. */
function oneOfEachClass(routes: readonly Numbered[]): readonly Numbered[] {
  const found = new Map<number, Numbered>();
  for (const route of routes) found.set(route.classNumber, route);
  return [...found.values()].sort(byNumber);
}

/** The same route with the same number is the same object. */
const numberedAs = lastFor((route: Route, classNumber: number): Numbered => ({
  ...route,
  classNumber,
}));

function withNumbers(routes: readonly Route[]): readonly Numbered[] {
  const keys = new Set<string>();
  for (const { treatment } of routes) keys.add(treatmentKey(treatment));
  const numbers = classNumbers([...keys]);
  return routes.map((r) => numberedAs(r, numbers.get(treatmentKey(r.treatment)) ?? 0));
}

interface Made {
  readonly numbered: readonly Numbered[];
  readonly node: NodeFacts;
  /** As they came in. */
  readonly given: readonly string[];
  readonly bgp: NodeBgp;
}
/** What was made last of a configuration: most changes in a cluster change nothing here. */
const made = new WeakMap<Config, Made>();

/** The same object again as long as nothing in it changes. */
export function nodeBgpFor(
  config: Config,
  snapshot: Pick<Snapshot, Inputs>,
  nodeName: string,
  options: BgpOptions = {},
): NodeBgp {
  const { hostname = nodeName, logLevel = "informational" } = options;
  const node = nodeFactsFor(nodeName, snapshot.nodes, options.excludePolicy);
  const decisions = bgpDecisions(config, snapshot, node, options.lbClass ?? "");
  const numbered = withNumbers(routesFor(decisions));
  const given = [hostname, logLevel, snapshot.namespace];
  const known = made.get(config);
  if (known?.node === node && sameItems(known.given, given))
    if (sameItems(known.numbered, numbered)) return known.bgp;
  const names = { hostname, logLevel, namespace: snapshot.namespace };
  const bgp = modelOf(config, node, numbered, names);
  made.set(config, { numbered, node, given, bgp });
  return bgp;
}

function modelOf(
  config: Config,
  node: NodeFacts,
  numbered: readonly Numbered[],
  names: Pick<NodeBgp, "hostname" | "logLevel" | "namespace">,
): NodeBgp {
  const { namespace } = names;
  const refs: RefsOf = onceFor((advertisements) =>
    advertisements.map((name) => ({ kind: "BGPAdvertisement", namespace, name })),
  );
  const { groups, problems } = groupPeers(peersOfNode(config, node), namespace);
  const carriedBy = carriedAmong(numbered);
  const carried = new Set<Carried>();
  const instances = groups.map((group) =>
    instanceFor(group, numbered, namespace, refs, carriedBy, carried),
  );
  return {
    ...names,
    instances,
    classes: classesOf(unionOf(numbered, carried), refs),
    bfdProfiles: config.bfdProfiles,
    extras: config.extras,
    problems: [...problems, ...instances.flatMap((i) => i.neighbors).flatMap(fullEntries)],
  };
}

/** The routes that are in one of the lists, in their order. */
function unionOf(routes: readonly Numbered[], lists: Iterable<Carried>): readonly Numbered[] {
  const all = [...lists];
  const whole = all.find((list) => list.routes.length === routes.length);
  if (whole !== undefined) return routes;
  const [only] = all;
  if (all.length === 1 && only !== undefined) return only.routes;
  const here = new Set(all.flatMap((list) => list.routes));
  return routes.filter((r) => here.has(r));
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
      const announcements = mine.map((r) =>
        announcementOf(r, attributesAt(r.treatment, peer.name) ?? NO_ATTRIBUTES),
      );
      known.set(alike, (carried = { routes: mine, classes: oneOfEachClass(mine), announcements }));
    }
    return carried;
  };
}

const announcing = new WeakMap<Attributes, WeakMap<Numbered, Announcement>>();

function announcementOf(route: Numbered, attributes: Attributes): Announcement {
  let known = announcing.get(attributes);
  if (known === undefined) announcing.set(attributes, (known = new WeakMap()));
  let announcement = known.get(route);
  if (announcement === undefined)
    known.set(route, (announcement = { prefix: route.text, ...attributes }));
  return announcement;
}

const originating = new WeakMap<
  Numbered,
  { readonly namespace: string; readonly network: Network }
>();

function networkOf(route: Numbered, namespace: string, refs: RefsOf): Network {
  const known = originating.get(route);
  if (known?.namespace === namespace) return known.network;
  const { text, classNumber, services, advertisements } = route;
  const network = { prefix: text, classNumber, origins: [...services, ...refs(advertisements)] };
  originating.set(route, { namespace, network });
  return network;
}

function instanceFor(
  group: PeerGroup,
  routes: readonly Numbered[],
  namespace: string,
  refs: RefsOf,
  carriedBy: (peer: Peer) => Carried,
  carriedAnywhere: Set<Carried>,
): Instance {
  const lists = new Set<Carried>();
  const neighbors = group.peers.map((peer) => {
    const mine = carriedBy(peer);
    lists.add(mine);
    return neighborFor(peer, mine, refs);
  });
  for (const list of lists) carriedAnywhere.add(list);
  const here = unionOf(routes, lists);
  const networks = (family: 4 | 6): Network[] =>
    here
      .filter((r) => r.prefix.family === family)
      .map((route) => networkOf(route, namespace, refs));
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
