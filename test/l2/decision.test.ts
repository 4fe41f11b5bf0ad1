import { expect } from "chai";
import fc from "fast-check";
import type { EndpointSlice, Node, Service } from "../../src/api/objects.ts";
import { EXCLUDE_LABEL } from "../../src/api/resources.ts";
import type { Config, L2Advertisement, Pool } from "../../src/config/config.ts";
import { announcementsOf, electionFactsOf, l2Decisions } from "../../src/l2/decision.ts";
import type { L2Decision, L2Options } from "../../src/l2/decision.ts";
import { electionOrder } from "../../src/l2/election.ts";
import { parseIp } from "../../src/net/ip.ts";
import { parsePrefix } from "../../src/net/prefix.ts";

const NODES = ["n1", "n2", "n3"];
const orderFor = (ip: string, nodes = NODES): readonly string[] =>
  electionOrder(nodes, parseIp(ip));

const node = (name: string, more: { excluded?: boolean; networkDown?: boolean } = {}): Node => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name, labels: more.excluded === true ? { [EXCLUDE_LABEL]: "" } : {} },
  status: {
    conditions: more.networkDown === true ? [{ type: "NetworkUnavailable", status: "True" }] : [],
  },
});

const service = (
  name: string,
  ips: readonly string[],
  more: { local?: boolean; labels?: Record<string, string>; type?: string; class?: string } = {},
): Service => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name, namespace: "default", labels: more.labels ?? {} },
  spec: {
    type: more.type ?? "LoadBalancer",
    ...(more.class !== undefined && { loadBalancerClass: more.class }),
    externalTrafficPolicy: more.local === true ? "Local" : "Cluster",
  },
  status: { loadBalancer: { ingress: ips.map((ip) => ({ ip })) } },
});

const slice = (name: string, nodes: readonly string[], ready = true): EndpointSlice => ({
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  metadata: {
    name: `${name}-1`,
    namespace: "default",
    labels: { "kubernetes.io/service-name": name },
  },
  endpoints: nodes.map((nodeName) => ({
    addresses: ["10.0.0.1"],
    nodeName,
    conditions: { ready },
  })),
});

const advertisement = (more: Partial<L2Advertisement> = {}): L2Advertisement => ({
  names: ["l2"],
  nodes: NODES,
  interfaces: [],
  allInterfaces: (more.interfaces ?? []).length === 0,
  serviceSelectors: [],
  ...more,
});

const config = (...l2Advertisements: L2Advertisement[]): Config => ({
  pools: [
    {
      name: "pool",
      cidrs: [parsePrefix("192.0.2.0/24"), parsePrefix("2001:db8::/64")],
      autoAssign: true,
      avoidBuggyIPs: false,
      serviceAllocation: null,
      reserved: [],
      draining: false,
      bgpAdvertisements: [],
      l2Advertisements,
    } satisfies Pool,
  ],
  peers: [],
  bfdProfiles: [],
  extras: null,
});

interface World {
  readonly config?: Config;
  readonly services: readonly Service[];
  readonly slices?: readonly EndpointSlice[];
  readonly nodes?: readonly Node[];
  readonly alive?: readonly string[] | null;
  readonly options?: L2Options;
}

function decided(world: World, self: string): ReadonlyMap<string, L2Decision> {
  const { services, alive = null } = world;
  const endpointSlices = world.slices ?? services.map((s) => slice(s.metadata.name, NODES));
  return l2Decisions(
    world.config ?? config(advertisement()),
    { services, endpointSlices, nodes: world.nodes ?? NODES.map((n) => node(n)) },
    self,
    alive === null ? null : new Set(alive),
    world.options,
  );
}

const of = (world: World, self: string, key = "default/web"): L2Decision =>
  decided(world, self).get(key)!;

/** Who announces the address, asked of every node. */
const owners = (world: World, ip: string): readonly string[] =>
  NODES.filter((n) => announcementsOf(decided(world, n)).has(parseIp(ip)));

const VIP = "192.0.2.10";
const web = (more: Parameters<typeof service>[2] = {}): Service => service("web", [VIP], more);

describe("L2 decisions (behaviour reference 2.4, 3.1, 3.2)", () => {
  const [first, second, third] = orderFor(VIP) as [string, string, string];

  const cases: [
    given: string,
    world: World,
    self: string,
    reason: string | null,
    cause: string | null,
  ][] = [
    ["the winner", { services: [web()] }, first, null, null],
    ["a loser", { services: [web()] }, second, "notOwner", "notOwner"],
    [
      "the next one, when the winner is not alive",
      { services: [web()], alive: [second, third] },
      second,
      null,
      null,
    ],
    [
      "the winner itself, not a live member",
      { services: [web()], alive: [second, third] },
      first,
      "notOwner",
      "notAlive",
    ],
    ["no endpoint at all", { services: [web()], slices: [] }, first, "notOwner", "noEndpoints"],
    [
      "no endpoint that can serve",
      { services: [web()], slices: [slice("web", NODES, false)] },
      first,
      "notOwner",
      "noEndpoints",
    ],
    [
      "Local without an endpoint here",
      { services: [web({ local: true })], slices: [slice("web", [second])] },
      first,
      "notOwner",
      "noLocalEndpoints",
    ],
    [
      "Local, the one with the endpoint",
      { services: [web({ local: true })], slices: [slice("web", [second])] },
      second,
      null,
      null,
    ],
    [
      "Cluster with endpoints elsewhere",
      { services: [web()], slices: [slice("web", [second])] },
      first,
      null,
      null,
    ],
    [
      "a node with the exclude label",
      { services: [web()], nodes: [node(first, { excluded: true }), node(second), node(third)] },
      first,
      "notOwner",
      "nodeLabeledExcludeBalancers",
    ],
    [
      "the next after an excluded node",
      { services: [web()], nodes: [node(first, { excluded: true }), node(second), node(third)] },
      second,
      null,
      null,
    ],
    [
      "the exclude label, ignored",
      {
        services: [web()],
        nodes: [node(first, { excluded: true })],
        options: { excludePolicy: "ignore" },
      },
      first,
      null,
      null,
    ],
    [
      "the exclude label on every node, auto",
      {
        services: [web()],
        nodes: NODES.map((n) => node(n, { excluded: true })),
        options: { excludePolicy: "auto" },
      },
      first,
      null,
      null,
    ],
    [
      "the exclude label on one node, auto",
      {
        services: [web()],
        nodes: [node(first, { excluded: true })],
        options: { excludePolicy: "auto" },
      },
      first,
      "notOwner",
      "nodeLabeledExcludeBalancers",
    ],
    [
      "a node without network",
      { services: [web()], nodes: [node(first, { networkDown: true }), node(second), node(third)] },
      first,
      "notOwner",
      "nodeNetworkUnavailable",
    ],
    ["a Node that was not seen yet", { services: [web()], nodes: [] }, first, null, null],
    [
      "no advertisement for the node",
      { services: [web()], config: config(advertisement({ nodes: [second] })) },
      first,
      "noMatchingAdvertisement",
      "noMatchingAdvertisement",
    ],
    [
      "no advertisement for the Service",
      {
        services: [web()],
        config: config(advertisement({ serviceSelectors: [{ matchLabels: { l2: "yes" } }] })),
      },
      first,
      "noMatchingAdvertisement",
      "noMatchingAdvertisement",
    ],
    [
      "an advertisement for the Service's labels",
      {
        services: [web({ labels: { l2: "yes" } })],
        config: config(advertisement({ serviceSelectors: [{ matchLabels: { l2: "yes" } }] })),
      },
      first,
      null,
      null,
    ],
    [
      "no advertisement at all",
      { services: [web()], config: config() },
      first,
      "noMatchingAdvertisement",
      "noMatchingAdvertisement",
    ],
    [
      "an address of no pool",
      { services: [service("web", ["198.51.100.1"])] },
      first,
      "ipNotAllowed",
      "ipNotAllowed",
    ],
    ["no address", { services: [service("web", [])] }, first, "noIPAllocated", "noIPAllocated"],
    ["a hostname", { services: [service("web", ["lb.example"])] }, first, "invalidIP", "invalidIP"],
    [
      "a ClusterIP Service",
      { services: [web({ type: "ClusterIP" })] },
      first,
      "notLoadBalancer",
      "notLoadBalancer",
    ],
    [
      "no interface that the advertisement lists",
      {
        services: [web()],
        config: config(advertisement({ interfaces: ["eth9"] })),
        options: { interfacesByNode: new Map([[first, ["eth0"]]]) },
      },
      first,
      "notOwner",
      "noInterface",
    ],
    [
      "the next after one without the interface",
      {
        services: [web()],
        config: config(advertisement({ interfaces: ["eth9"] })),
        options: {
          interfacesByNode: new Map([
            [first, ["eth0"]],
            [second, ["eth9"]],
          ]),
        },
      },
      second,
      null,
      null,
    ],
    [
      "no interface up at all",
      { services: [web()], options: { interfacesByNode: new Map([[first, []]]) } },
      first,
      "notOwner",
      "noInterface",
    ],
    [
      "no interface, but MetalLB is in the ring",
      { services: [web()], options: { mixed: true, interfacesByNode: new Map([[first, []]]) } },
      first,
      null,
      null,
    ],
    ["nobody alive", { services: [web()], alive: [] }, first, "notOwner", "notAlive"],
  ];
  for (const [given, world, self, reason, cause] of cases)
    it(`${given} -> ${cause ?? "announces"}`, () => {
      const decision = of(world, self);
      expect({ reason: decision.reason, cause: decision.cause }).to.deep.equal({ reason, cause });
      expect(decision.announce).to.equal(reason === null);
    });

  it("a Service of another class is nobody's business", () =>
    expect(decided({ services: [web({ class: "other" })] }, first).size).to.equal(0));

  const interfaces: [given: string, lists: readonly L2Advertisement[], then: "*" | string[]][] = [
    ["no list", [advertisement()], "*"],
    ["one list", [advertisement({ interfaces: ["eth1", "eth0"] })], ["eth0", "eth1"]],
    [
      "two lists",
      [advertisement({ interfaces: ["eth1"] }), advertisement({ interfaces: ["eth0"] })],
      ["eth0", "eth1"],
    ],
    ["a list and none", [advertisement({ interfaces: ["eth1"] }), advertisement()], "*"],
    [
      "none, for another node",
      [advertisement({ interfaces: ["eth1"] }), advertisement({ nodes: [second] })],
      ["eth1"],
    ],
    [
      "none, for other Services",
      [
        advertisement({ interfaces: ["eth1"] }),
        advertisement({ serviceSelectors: [{ matchLabels: { a: "b" } }] }),
      ],
      ["eth1"],
    ],
  ];
  for (const [given, lists, then] of interfaces)
    it(`interfaces: ${given} -> ${String(then)}`, () =>
      expect(of({ services: [web()], config: config(...lists) }, first).interfaces).to.deep.equal(
        then,
      ));
});

describe("who owns an address that Services share", () => {
  const V6 = "2001:db8::10";

  it("one owner for all addresses of a Service that shares with nobody, by the first one", () => {
    const world = { services: [service("web", [V6, VIP])] };
    expect(owners(world, VIP)).to.deep.equal([orderFor(V6)[0]]);
    expect(owners(world, V6)).to.deep.equal([orderFor(V6)[0]]);
  });

  it("one owner per shared address, among the nodes that fit all sharers", () => {
    const services = [
      service("a", [VIP], { local: true }),
      service("b", [V6, VIP], { local: true }),
    ];
    const slices = [slice("a", ["n1", "n2"]), slice("b", ["n2", "n3"])];
    expect(owners({ services, slices }, VIP)).to.deep.equal(["n2"]);
    expect(of({ services, slices }, "n2", "default/a").addresses[0]?.sharers).to.deep.equal([
      "default/a",
      "default/b",
    ]);
  });

  it("as MetalLB while one of its members is alive: each Service by itself", () => {
    const services = [service("a", [VIP], { local: true }), service("b", [VIP], { local: true })];
    const slices = [slice("a", ["n1"]), slice("b", ["n3"])];
    const options = { mixed: true };
    expect(owners({ services, slices, options }, VIP)).to.deep.equal(["n1", "n3"]);
  });

  it("says so when no node fits all, and announces nowhere", () => {
    const services = [service("a", [VIP], { local: true }), service("b", [VIP], { local: true })];
    const slices = [slice("a", ["n1"]), slice("b", ["n3"])];
    expect(owners({ services, slices }, VIP)).to.deep.equal([]);
    expect(of({ services, slices }, "n1", "default/a").cause).to.equal("noNodeFitsAllSharers");
    expect(of({ services, slices }, "n2", "default/a").cause).to.equal("noLocalEndpoints");
  });

  it("a sharer without endpoints keeps nobody from the address", () => {
    const services = [service("a", [VIP]), service("b", [VIP], { local: true })];
    const world = { services, slices: [slice("a", NODES)] };
    expect(owners(world, VIP)).to.have.length(1);
    expect(of(world, owners(world, VIP)[0]!, "default/b").cause).to.equal("noEndpoints");
  });

  it("sharers add up their interfaces", () => {
    const services = [
      service("a", [VIP], { labels: { on: "eth0" } }),
      service("b", [VIP], { labels: { on: "eth1" } }),
    ];
    const lists = ["eth0", "eth1"].map((on) =>
      advertisement({ interfaces: [on], serviceSelectors: [{ matchLabels: { on } }] }),
    );
    const winner = orderFor(VIP)[0]!;
    const got = announcementsOf(decided({ services, config: config(...lists) }, winner));
    expect([...got]).to.deep.equal([[VIP, ["eth0", "eth1"]]]);
  });

  it("tells the announcer which addresses move, and how they are elected", () => {
    const facts = electionFactsOf(decided({ services: [service("web", [V6, VIP])] }, "n1"));
    expect(facts.watched).to.deep.equal([V6, VIP]);
    expect(facts.electionKeys.get(parseIp(VIP))).to.equal(V6);
  });

  it("has it listen for no address that no advertisement lists a node for", () => {
    const services = [service("web", [VIP])];
    const watched = (world: Partial<World>) =>
      electionFactsOf(decided({ services, ...world }, "n1")).watched;
    expect(watched({ config: config() })).to.deep.equal([]);
    expect(watched({ alive: [] })).to.deep.equal([VIP]); // somebody may come back
  });
});

describe("bounded spread by annotation", () => {
  const services = Array.from({ length: 31 }, (_, i) => service(`s${i}`, [`192.0.2.${i + 1}`]));
  const counts = (world: World): readonly number[] =>
    NODES.map((n) => announcementsOf(decided(world, n)).size);

  it("owners differ by at most one; without it, or with MetalLB in the ring, the election rules", () => {
    const bounded = config(advertisement({ spread: "bounded" }));
    expect([...counts({ services, config: bounded })].sort()).to.deep.equal([10, 10, 11]);
    const elected = counts({ services });
    expect(counts({ services, config: bounded, options: { mixed: true } })).to.deep.equal(elected);
    expect(Math.max(...elected) - Math.min(...elected)).to.be.greaterThan(1);
  });

  it("only a lost node's addresses move", () => {
    const world = { services, config: config(advertisement({ spread: "bounded" })) };
    const before = announcementsOf(decided({ ...world, alive: NODES }, "n2"));
    const after = announcementsOf(decided({ ...world, alive: ["n2", "n3"] }, "n2"));
    expect([...before.keys()].every((ip) => after.has(ip))).to.equal(true);
    expect(counts({ ...world, alive: ["n2", "n3"] })).to.satisfy((c: readonly number[]) =>
      [15, 16].includes(c[1]!),
    );
  });
});

describe("every live node agrees", () => {
  it("exactly one owner per address, whatever the order of the lists", () => {
    const world = fc.record({
      count: fc.integer({ min: 1, max: 30 }),
      alive: fc.subarray(NODES, { minLength: 1 }),
      bounded: fc.boolean(),
    });
    const property = fc.property(world, ({ count, alive, bounded }) => {
      const services = Array.from({ length: count }, (_, i) =>
        service(`s${i}`, [`192.0.2.${i % 20}`]),
      );
      const c = config(advertisement(bounded ? { spread: "bounded" } : {}));
      const one = NODES.map((n) => announcementsOf(decided({ services, config: c, alive }, n)));
      const shuffled = {
        services: [...services].reverse(),
        config: c,
        alive: [...alive].reverse(),
      };
      const other = NODES.map((n) => announcementsOf(decided(shuffled, n)));
      expect(other.map((m) => [...m].sort())).to.deep.equal(one.map((m) => [...m].sort()));
      for (let i = 0; i < Math.min(count, 20); i++)
        expect(one.filter((m) => m.has(parseIp(`192.0.2.${i}`)))).to.have.length(1);
    });
    fc.assert(property, { numRuns: 40 });
  });
});
