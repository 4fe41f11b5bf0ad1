/** A speaker is woken by what can come out on the wire, and by nothing else. */
import { expect } from "chai";
import type { EndpointSlice, Service } from "../../src/api/objects.ts";
import type { Problem } from "../../src/api/problem.ts";
import { emptySnapshot } from "../../src/api/snapshot.ts";
import type { Snapshot } from "../../src/api/snapshot.ts";
import { concernOf } from "../../src/reconciler/concern.ts";

const service = (
  name: string,
  type: string,
  ips: readonly string[],
  more: object = {},
): Service => ({
  ...{ apiVersion: "v1", kind: "Service", metadata: { name, namespace: "default" } },
  spec: { type, ports: [], ...more },
  status: { loadBalancer: { ingress: ips.map((ip) => ({ ip })) } },
});
const slice = (of: string, on: readonly string[]): EndpointSlice => ({
  ...{ apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice" },
  metadata: {
    ...{ name: `${of}-1`, namespace: "default" },
    labels: { "kubernetes.io/service-name": of },
  },
  endpoints: on.map((nodeName) => ({ addresses: ["198.51.100.9"], nodeName })),
});

const WEB = service("web", "LoadBalancer", ["203.0.113.1"]);
const START: Snapshot = {
  ...emptySnapshot("metallb-system"),
  services: [WEB, service("db", "ClusterIP", [])],
  endpointSlices: [slice("web", ["n1"]), slice("db", ["n1"])],
};

const CASES: readonly [what: string, next: Partial<Snapshot>, concerns: boolean][] = [
  ["nothing", {}, false],
  ["a Service of another type", { services: [WEB, service("x", "ClusterIP", [])] }, false],
  ["one without an address", { services: [WEB, service("x", "LoadBalancer", [])] }, false],
  [
    "one of another class",
    { services: [WEB, service("x", "LoadBalancer", ["203.0.113.2"], { loadBalancerClass: "y" })] },
    false,
  ],
  [
    "Pods of another Service",
    { endpointSlices: [START.endpointSlices[0]!, slice("db", [])] },
    false,
  ],
  ["the same Pods, elsewhere in the list", { endpointSlices: [slice("web", ["n1"])] }, false],
  ["one with an address", { services: [WEB, service("x", "LoadBalancer", ["203.0.113.2"])] }, true],
  ["one with what is no address", { services: [WEB, service("x", "LoadBalancer", ["?"])] }, true],
  ["one that goes", { services: [] }, true],
  ["one that loses its address", { services: [service("web", "LoadBalancer", [])] }, true],
  [
    "one that becomes another type",
    { services: [service("web", "ClusterIP", ["203.0.113.1"])] },
    true,
  ],
  ["its Pods", { endpointSlices: [slice("web", ["n2"])] }, true],
  ["a Node", { nodes: [{ apiVersion: "v1", kind: "Node", metadata: { name: "n1" } }] }, true],
  ["a pool", { pools: [] }, true],
];

describe("what a speaker is woken by", () => {
  for (const [what, next, expected] of CASES)
    it(`${expected ? "" : "not "}${what}`, () => {
      const concerns = concernOf("");
      expect(concerns(START, [])).to.equal(true);
      expect(concerns({ ...START, ...next }, [])).to.equal(expected);
    });

  it("a file that nobody can read", () => {
    const concerns = concernOf("");
    const problem: Problem = {
      ...{ severity: "error", rule: "manifest", code: "unreadableFile", path: "" },
      ...{ object: { kind: "", namespace: "", name: "" }, message: "web.yaml: no YAML" },
    };
    expect(concerns(START, [])).to.equal(true);
    expect(concerns(START, [problem])).to.equal(true);
    expect(concerns(START, [problem])).to.equal(false);
    expect(concerns(START, [])).to.equal(true);
  });
});
