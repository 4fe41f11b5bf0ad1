import { expect } from "chai";
import type { Endpoint, Node, Service } from "../../src/api/objects.ts";
import { EXCLUDE_LABEL } from "../../src/api/resources.ts";
import { endpointsByService } from "../../src/api/service-view.ts";
import { bgpDecision } from "../../src/bgp/decision.ts";
import type { ExcludePolicy } from "../../src/api/exclude-policy.ts";
import { nodeFactsFor } from "../../src/bgp/node-facts.ts";
import type { BgpAdvertisement } from "../../src/config/config.ts";
import { advertisement, pool, service, snapshot } from "../support/bgp-fixture.ts";

interface Case {
  readonly ads?: readonly BgpAdvertisement[];
  readonly cidrs?: readonly string[];
  readonly service?: Service;
  readonly endpoints?: readonly Endpoint[];
  readonly excluded?: readonly string[];
  readonly unavailable?: boolean;
  readonly policy?: ExcludePolicy;
}

const WEB = service("web", ["192.0.2.10"]);
const LOCAL = service("web", ["192.0.2.10"], { spec: { externalTrafficPolicy: "Local" } });
const at = (nodeName: string, over: Partial<Endpoint> = {}): Endpoint => ({
  addresses: ["198.51.100.7"],
  nodeName,
  ...over,
});
const selecting = (name: string, app: string, over: Parameters<typeof advertisement>[1] = {}) =>
  advertisement(name, { ...over, serviceSelectors: [{ matchLabels: { app } }] });

function decide(c: Case): string {
  const subject = c.service ?? WEB;
  const world = snapshot([subject]);
  const slices = world.endpointSlices.map((s) => ({ ...s, endpoints: c.endpoints ?? [at("n1")] }));
  const nodes = world.nodes.map((n): Node => {
    const labels = c.excluded?.includes(n.metadata.name) ? { [EXCLUDE_LABEL]: "" } : {};
    const conditions = c.unavailable ? [{ type: "NetworkUnavailable", status: "True" }] : [];
    return { ...n, metadata: { ...n.metadata, labels }, status: { conditions } };
  });
  const pools = [pool("p", c.cidrs ?? ["192.0.2.0/24"], c.ads ?? [advertisement("all")])];
  const facts = nodeFactsFor("n1", nodes, c.policy);
  const got = bgpDecision(subject, endpointsByService(slices)("default/web"), pools, facts);
  return got.announce ? `yes: ${got.advertisements.map((a) => a.name).join()}` : got.reason;
}

describe("whether a node announces a Service over BGP (behaviour reference 2.2, 2.4)", () => {
  const cases: readonly (readonly [given: string, c: Case, then: string])[] = [
    ["all well", {}, "yes: all"],
    [
      "a ClusterIP Service",
      { service: service("web", [], { spec: { type: "ClusterIP" } }) },
      "notLoadBalancer",
    ],
    ["no address", { service: service("web", []) }, "noIPAllocated"],
    ["an address that is none", { service: service("web", ["web.example"]) }, "invalidIP"],
    ["an address in no pool", { service: service("web", ["203.0.113.1"]) }, "ipNotAllowed"],
    [
      "one address of two in the pool",
      { service: service("web", ["192.0.2.1", "203.0.113.1"]) },
      "ipNotAllowed",
    ],
    ["no advertisement", { ads: [] }, "notOwner"],
    [
      "advertisements for other nodes",
      { ads: [advertisement("a", { nodes: ["n2"] })] },
      "notOwner",
    ],
    [
      "other nodes come before other Services",
      { ads: [selecting("a", "x", { nodes: ["n2"] })] },
      "notOwner",
    ],
    [
      "advertisements for other Services",
      { ads: [selecting("a", "x")] },
      "noMatchingAdvertisement",
    ],
    [
      "two local preferences",
      { ads: [advertisement("a", { localPref: 1 }), advertisement("b", { localPref: 2 })] },
      "conflictingAdvertisements",
    ],
    [
      "two local preferences at different peers",
      {
        ads: [
          advertisement("a", { localPref: 1, peers: ["r1"] }),
          advertisement("b", { localPref: 2, peers: ["r2"] }),
        ],
      },
      "yes: a,b",
    ],
    [
      "two local preferences for different lengths",
      {
        ads: [
          advertisement("a", { localPref: 1 }),
          advertisement("b", { localPref: 2, aggregationLength: 24 }),
        ],
      },
      "yes: a,b",
    ],
    [
      "two local preferences, one family of the pool alike",
      {
        cidrs: ["192.0.2.0/24", "2001:db8::/64"],
        ads: [
          advertisement("a", { localPref: 1 }),
          advertisement("b", { localPref: 2, aggregationLength: 24 }),
        ],
      },
      "conflictingAdvertisements",
    ],
    ["network unavailable", { unavailable: true }, "nodeNetworkUnavailable"],
    ["network before label", { unavailable: true, excluded: ["n1"] }, "nodeNetworkUnavailable"],
    ["the exclude label", { excluded: ["n1"] }, "nodeLabeledExcludeBalancers"],
    ["the label, ignored", { excluded: ["n1"], policy: "ignore" }, "yes: all"],
    [
      "the label, auto, on some",
      { excluded: ["n1"], policy: "auto" },
      "nodeLabeledExcludeBalancers",
    ],
    ["the label, auto, on all", { excluded: ["n1", "n2"], policy: "auto" }, "yes: all"],
    ["the label on another node", { excluded: ["n2"] }, "yes: all"],
    ["no endpoint", { endpoints: [] }, "noEndpoints"],
    [
      "an endpoint that is not ready",
      { endpoints: [at("n1", { conditions: { ready: false } })] },
      "noEndpoints",
    ],
    [
      "one that still serves",
      { endpoints: [at("n1", { conditions: { ready: false, serving: true } })] },
      "yes: all",
    ],
    ["an endpoint without address", { endpoints: [at("n1", { addresses: [] })] }, "noEndpoints"],
    ["an endpoint elsewhere", { endpoints: [at("n2")] }, "yes: all"],
    ["Local, elsewhere", { service: LOCAL, endpoints: [at("n2")] }, "noLocalEndpoints"],
    ["Local, nowhere", { service: LOCAL, endpoints: [] }, "noLocalEndpoints"],
    ["Local, here", { service: LOCAL }, "yes: all"],
    [
      "Local, on no node",
      { service: LOCAL, endpoints: [{ addresses: ["198.51.100.7"] }] },
      "noLocalEndpoints",
    ],
  ];
  for (const [given, c, then] of cases)
    it(`${given} -> ${then}`, () => expect(decide(c)).to.equal(then));
});
