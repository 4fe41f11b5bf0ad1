/** Faults put into a working cluster, with names that differ each time: the first line must name the cause. */
import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { expect } from "chai";
import type { EndpointSlice, KubeObject, Node, Pod, Service } from "../../src/api/objects.ts";
import type { Snapshot } from "../../src/api/snapshot.ts";
import { emptySnapshot } from "../../src/api/snapshot.ts";
import { explainService } from "../../src/explain/service.ts";
import { headline, explanationText } from "../../src/explain/text.ts";
import { nodeDown } from "../../src/explain/node-down.ts";

/** Names drawn anew for each case, so that no fixture can be recognised. */
function names(seed: number) {
  const letters = "abcdefghijkmnpqrstuvwxyz";
  let state = seed * 7919 + 13;
  const word = (): string =>
    Array.from(
      { length: 5 },
      () => letters[(state = (state * 48_271) % 2_147_483_647) % letters.length],
    ).join("");
  return {
    ns: word(),
    svc: word(),
    other: word(),
    pool: word(),
    l2: word(),
    bgp: word(),
    peer: word(),
    nodes: [word(), word(), word()].sort(),
    third: (seed * 7) % 200,
  };
}
type Names = ReturnType<typeof names>;

type Draft = { -readonly [K in keyof Snapshot]: Snapshot[K] };
interface Loose {
  metadata: Record<string, unknown>;
  spec?: Record<string, unknown>;
}
const loose = (o: KubeObject | undefined): Loose =>
  (o ?? expect.fail("no such object")) as unknown as Loose;

const inNs = (kind: string, version: string, name: string, spec: object): KubeObject =>
  ({
    apiVersion: `metallb.io/${version}`,
    kind,
    metadata: { name, namespace: "metallb-system" },
    spec,
  }) as unknown as KubeObject;

function working(n: Names): Draft {
  const node = (name: string): Node => ({
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, labels: { "kubernetes.io/hostname": name } },
  });
  const service: Service = {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: n.svc, namespace: n.ns, creationTimestamp: "2026-01-01T00:00:00Z" },
    spec: {
      type: "LoadBalancer",
      clusterIP: "10.0.0.9",
      clusterIPs: ["10.0.0.9"],
      selector: { app: n.svc },
      ports: [{ port: 80, protocol: "TCP" }],
    },
  };
  const slice: EndpointSlice = {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      name: `${n.svc}-1`,
      namespace: n.ns,
      labels: { "kubernetes.io/service-name": n.svc },
    },
    endpoints: n.nodes.map((nodeName) => ({
      addresses: ["10.1.0.1"],
      nodeName,
      conditions: { ready: true },
    })),
  };
  return {
    ...emptySnapshot(),
    services: [service],
    endpointSlices: [slice],
    nodes: n.nodes.map(node),
    namespaces: [],
    pools: [
      inNs("IPAddressPool", "v1beta1", n.pool, { addresses: [`198.51.100.${n.third}/32`] }),
    ] as unknown as Draft["pools"],
    l2Advertisements: [
      inNs("L2Advertisement", "v1beta1", n.l2, { ipAddressPools: [n.pool] }),
    ] as unknown as Draft["l2Advertisements"],
    bgpAdvertisements: [],
    bgpPeers: [],
  };
}
const withBgp = (n: Names, d: Draft): void => {
  d.l2Advertisements = [];
  d.bgpAdvertisements = [
    inNs("BGPAdvertisement", "v1beta1", n.bgp, { ipAddressPools: [n.pool] }),
  ] as unknown as Draft["bgpAdvertisements"];
  d.bgpPeers = [
    inNs("BGPPeer", "v1beta2", n.peer, { myASN: 64500, peerASN: 64501, peerAddress: "192.0.2.1" }),
  ] as unknown as Draft["bgpPeers"];
};
const spec = (o: KubeObject | undefined): Record<string, unknown> => (loose(o).spec ??= {});
const annotate = (o: KubeObject | undefined, key: string, value: string): void => {
  const m = loose(o).metadata;
  m["annotations"] = { ...(m["annotations"] as object | undefined), [key]: value };
};
const label = (o: KubeObject | undefined, key: string, value = ""): void => {
  const m = loose(o).metadata;
  m["labels"] = { ...(m["labels"] as object | undefined), [key]: value };
};
const second = (n: Names, d: Draft, over: object = {}): void => {
  const [first] = d.services;
  d.services = [
    ...d.services,
    {
      ...structuredClone(first!),
      metadata: { name: n.other, namespace: n.ns, creationTimestamp: "2025-01-01T00:00:00Z" },
      status: { loadBalancer: { ingress: [{ ip: `198.51.100.${n.third}` }] } },
      ...over,
    },
  ];
};
const speakers = (n: Names, ...on: string[]): Pod[] =>
  on.map((nodeName) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: `speaker-${nodeName}`,
      namespace: "metallb-system",
      labels: { app: "metallb", component: "speaker" },
    },
    spec: { nodeName },
    status: { phase: "Running" },
  }));

const EXCLUDE = "node.kubernetes.io/exclude-from-external-load-balancers";
//  what is wrong, how it is put in, the reason, the object at fault, its field
const FAULTS: [string, (n: Names, d: Draft) => void, string, (n: Names) => string, RegExp][] = [
  [
    "the Service is a ClusterIP",
    (_, d) => (spec(d.services[0])["type"] = "ClusterIP"),
    "notLoadBalancer",
    (n) => `Service ${n.ns}/${n.svc}`,
    /spec\.type/,
  ],
  [
    "another load balancer's class",
    (_, d) => (spec(d.services[0])["loadBalancerClass"] = "other.io/lb"),
    "otherLoadBalancerClass",
    (n) => `Service ${n.ns}/${n.svc}`,
    /loadBalancerClass/,
  ],
  [
    "no pool at all",
    (_, d) => (d.pools = []),
    "noIPAddressPool",
    (n) => `Service ${n.ns}/${n.svc}`,
    /^$/,
  ],
  [
    "the pool's range is no address",
    (_, d) => (spec(d.pools[0])["addresses"] = ["198.51.100.300/32"]),
    "poolInvalid",
    (n) => `IPAddressPool metallb-system/${n.pool}`,
    /spec\.addresses/,
  ],
  [
    "the pool is exhausted",
    (n, d) => second(n, d),
    "poolExhausted",
    (n) => `IPAddressPool metallb-system/${n.pool}`,
    /spec\.addresses/,
  ],
  [
    "the pool is given on request only",
    (_, d) => (spec(d.pools[0])["autoAssign"] = false),
    "noPoolForService",
    (n) => `IPAddressPool metallb-system/${n.pool}`,
    /autoAssign/,
  ],
  [
    "the pool is for another namespace",
    (_, d) => (spec(d.pools[0])["serviceAllocation"] = { namespaces: ["elsewhere"] }),
    "noPoolForService",
    (n) => `IPAddressPool metallb-system/${n.pool}`,
    /namespaces/,
  ],
  [
    "it asks for a pool that is not there",
    (_, d) => annotate(d.services[0], "metallb.io/address-pool", "nope"),
    "unknownPool",
    (n) => `Service ${n.ns}/${n.svc}`,
    /address-pool/,
  ],
  [
    "it asks for an address of no pool",
    (_, d) => (spec(d.services[0])["loadBalancerIP"] = "203.0.113.77"),
    "notInPool",
    (n) => `Service ${n.ns}/${n.svc}`,
    /loadBalancerIP/,
  ],
  [
    "it asks for what is no address",
    (_, d) => annotate(d.services[0], "metallb.io/loadBalancerIPs", "one.two"),
    "badRequest",
    (n) => `Service ${n.ns}/${n.svc}`,
    /loadBalancerIPs/,
  ],
  [
    "it asks for an address of the other family",
    (_, d) => annotate(d.services[0], "metallb.io/loadBalancerIPs", "2001:db8::9"),
    "requestFamily",
    (n) => `Service ${n.ns}/${n.svc}`,
    /loadBalancerIPs/,
  ],
  [
    "the address it wants is used without a key",
    (n, d) => {
      second(n, d);
      annotate(d.services[0], "metallb.io/loadBalancerIPs", `198.51.100.${n.third}`);
    },
    "inUse",
    (n) => `Service ${n.ns}/${n.svc}`,
    /allow-shared-ip/,
  ],
  [
    "the sharing keys differ",
    (n, d) => {
      second(n, d);
      for (const [i, s] of d.services.entries())
        annotate(s, "metallb.io/allow-shared-ip", `key-${i}`);
      annotate(d.services[0], "metallb.io/loadBalancerIPs", `198.51.100.${n.third}`);
    },
    "inUse",
    (n) => `Service ${n.ns}/${n.svc}`,
    /allow-shared-ip/,
  ],
  [
    "the ports overlap on a shared address",
    (n, d) => {
      second(n, d);
      for (const s of d.services) annotate(s, "metallb.io/allow-shared-ip", "key");
      annotate(d.services[0], "metallb.io/loadBalancerIPs", `198.51.100.${n.third}`);
    },
    "inUse",
    (n) => `Service ${n.ns}/${n.svc}`,
    /spec\.ports/,
  ],
  [
    "no advertisement exists",
    (_, d) => (d.l2Advertisements = []),
    "noAdvertisement",
    (n) => `IPAddressPool metallb-system/${n.pool}`,
    /^$/,
  ],
  [
    "the advertisement covers another pool",
    (_, d) => (spec(d.l2Advertisements[0])["ipAddressPools"] = ["elsewhere"]),
    "noAdvertisement",
    (n) => `IPAddressPool metallb-system/${n.pool}`,
    /^$/,
  ],
  [
    "the advertisement selects other Services",
    (_, d) =>
      (spec(d.l2Advertisements[0])["serviceSelectors"] = [{ matchLabels: { tier: "gold" } }]),
    "noMatchingAdvertisement",
    (n) => `L2Advertisement metallb-system/${n.l2}`,
    /serviceSelectors/,
  ],
  [
    "the advertisement selects a label no node has",
    (_, d) =>
      (spec(d.l2Advertisements[0])["nodeSelectors"] = [
        { matchLabels: { "node-role.kubernetes.io/worker": "" } },
      ]),
    "noNodeSelected",
    (n) => `L2Advertisement metallb-system/${n.l2}`,
    /nodeSelectors/,
  ],
  [
    "the advertisement is invalid",
    (_, d) =>
      (spec(d.l2Advertisements[0])["nodeSelectors"] = [
        { matchExpressions: [{ key: "a", operator: "Gt", values: ["1"] }] },
      ]),
    "advertisementInvalid",
    (n) => `L2Advertisement metallb-system/${n.l2}`,
    /nodeSelectors/,
  ],
  [
    "no endpoint is ready",
    (_, d) => (d.endpointSlices = []),
    "noEndpoints",
    (n) => `Service ${n.ns}/${n.svc}`,
    /spec\.selector/,
  ],
  [
    "Local, and the endpoints run elsewhere",
    (n, d) => {
      spec(d.services[0])["externalTrafficPolicy"] = "Local";
      spec(d.l2Advertisements[0])["nodeSelectors"] = [
        { matchLabels: { "kubernetes.io/hostname": n.nodes[0] } },
      ];
      d.endpointSlices = d.endpointSlices.map((s) => ({ ...s, endpoints: s.endpoints!.slice(1) }));
    },
    "noLocalEndpoints",
    (n) => `Service ${n.ns}/${n.svc}`,
    /externalTrafficPolicy/,
  ],
  [
    "every node carries the exclude label",
    (_, d) => d.nodes.forEach((node) => label(node, EXCLUDE)),
    "nodeLabeledExcludeBalancers",
    (n) => `Node ${n.nodes[0]}`,
    /labels/,
  ],
  [
    "the network of every node is down",
    (_, d) =>
      (d.nodes = d.nodes.map((node) => ({
        ...node,
        status: { conditions: [{ type: "NetworkUnavailable", status: "True" }] },
      }))),
    "nodeNetworkUnavailable",
    (n) => `Node ${n.nodes[0]}`,
    /conditions/,
  ],
  [
    "one node, and a taint keeps the speaker off",
    (n, d) => {
      d.nodes = [
        {
          ...d.nodes[0]!,
          spec: {
            taints: [{ key: "node-role.kubernetes.io/control-plane", effect: "NoSchedule" }],
          },
        },
      ];
      d.pods = speakers(n, "gone");
    },
    "noLiveSpeaker",
    (n) => `Node ${n.nodes[0]}`,
    /taints/,
  ],
  [
    "the speakers are dead",
    (n, d) =>
      (d.pods = speakers(n, ...n.nodes).map((p) => ({ ...p, status: { phase: "Failed" } }))),
    "noLiveSpeaker",
    (n) => `Node ${n.nodes[0]}`,
    /^$/,
  ],
  [
    "BGP: no peer",
    (n, d) => {
      withBgp(n, d);
      d.bgpPeers = [];
    },
    "noPeer",
    () => "",
    /^$/,
  ],
  [
    "BGP: the peer's address is none",
    (n, d) => {
      withBgp(n, d);
      spec(d.bgpPeers[0])["peerAddress"] = "router";
    },
    "peerInvalid",
    (n) => `BGPPeer metallb-system/${n.peer}`,
    /peerAddress/,
  ],
  [
    "BGP: both password and passwordSecret",
    (n, d) => {
      withBgp(n, d);
      Object.assign(spec(d.bgpPeers[0]), { password: "x", passwordSecret: { name: "s" } });
    },
    "peerInvalid",
    (n) => `BGPPeer metallb-system/${n.peer}`,
    /password/,
  ],
  [
    "BGP: the BFD profile is not there",
    (n, d) => {
      withBgp(n, d);
      spec(d.bgpPeers[0])["bfdProfile"] = "nope";
    },
    "peerInvalid",
    (n) => `BGPPeer metallb-system/${n.peer}`,
    /bfdProfile/,
  ],
  [
    "BGP: the peer selects no node",
    (n, d) => {
      withBgp(n, d);
      spec(d.bgpPeers[0])["nodeSelectors"] = [{ matchLabels: { rack: "z" } }];
    },
    "noSession",
    (n) => `BGPPeer metallb-system/${n.peer}`,
    /nodeSelectors/,
  ],
  [
    "BGP: the advertisement names a peer that is not there",
    (n, d) => {
      withBgp(n, d);
      spec(d.bgpAdvertisements[0])["peers"] = ["nope"];
    },
    "noPeerForPrefix",
    (n) => `BGPAdvertisement metallb-system/${n.bgp}`,
    /spec\.peers/,
  ],
  [
    "BGP: the community alias is not there",
    (n, d) => {
      withBgp(n, d);
      spec(d.bgpAdvertisements[0])["communities"] = ["gold"];
    },
    "advertisementInvalid",
    (n) => `BGPAdvertisement metallb-system/${n.bgp}`,
    /communities/,
  ],
];

const fits = new Ajv().compile(
  JSON.parse(readFileSync("docs/schemas/explain.schema.json", "utf8")) as object,
);

describe("explain service", () => {
  it("says that a working Service is served, where, and what is expected", () => {
    const n = names(1);
    const answer = explainService(working(n), `${n.ns}/${n.svc}`);
    expect(answer.served, explanationText(answer)).to.equal(true);
    expect(answer.because.reason).to.equal("layer2");
    expect(answer.steps.map((s) => s.reason)).to.include.members([
      "oneNodeByDesign",
      "sourceIsNode",
    ]);
    expect(answer.nodes.filter((node) => node.l2.announces).length).to.equal(1);
  });

  it("says that every Node counts where nothing tells where speakers live, and only there", () => {
    const n = names(3);
    const reasons = (draft: Draft): readonly string[] =>
      explainService(draft, `${n.ns}/${n.svc}`).steps.map((s) => s.reason);
    expect(reasons(working(n))).to.include("speakersAssumed");
    const told = reasons({ ...working(n), pods: speakers(n, ...n.nodes) });
    expect(told).not.to.include("speakersAssumed");
  });

  it("there are at least thirty faults", () => expect(FAULTS.length).to.be.at.least(30));

  FAULTS.forEach(([what, put, reason, at, path], i) => {
    it(`${what}: ${reason}`, () => {
      for (const seed of [i + 2, i + 200, i + 3000]) {
        const n = names(seed);
        const draft = structuredClone(working(n));
        put(n, draft);
        const answer = explainService(draft, `${n.ns}/${n.svc}`);
        expect(fits(JSON.parse(JSON.stringify(answer))), JSON.stringify(fits.errors)).to.equal(
          true,
        );
        const [line = ""] = explanationText(answer).split("\n");
        expect(answer.served, explanationText(answer)).to.equal(false);
        expect(line).to.equal(headline(answer));
        expect(answer.because.reason, explanationText(answer)).to.equal(reason);
        expect(line).to.contain(at(n));
        expect(answer.because.path).to.match(path);
        expect(answer.because.fix).to.be.a("string").that.is.not.equal("");
        // The order of things changes nothing.
        const turned = Object.fromEntries(
          Object.entries(draft).map(([k, v]) => [
            k,
            Array.isArray(v) ? [...(v as unknown[])].reverse() : v,
          ]),
        ) as unknown as Snapshot;
        const again = explainService(turned, `${n.ns}/${n.svc}`);
        expect(again.because.reason).to.equal(reason);
      }
    });
  });
});

describe("explain node --if-down", () => {
  it("tells what moves and what is lost", () => {
    const n = names(77);
    const draft = working(n);
    const owner = explainService(draft, `${n.ns}/${n.svc}`).nodes.find((x) => x.l2.announces)!.node;
    const down = nodeDown(draft, owner);
    expect(down.lost).to.deep.equal([]);
    expect(down.moved.map((m) => m.service)).to.deep.equal([`${n.ns}/${n.svc}`]);
    spec(draft.l2Advertisements[0])["nodeSelectors"] = [
      { matchLabels: { "kubernetes.io/hostname": owner } },
    ];
    expect(nodeDown(draft, owner).lost).to.deep.equal([`${n.ns}/${n.svc}`]);
  });
});
