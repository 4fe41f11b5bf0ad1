/**
 * V40, V47, V87 to V92: rules that no configuration object breaks by itself. They are judged where a Service, a node or
 * FRR comes in, so the table looks at what becomes of the Service.
 */
import { expect } from "chai";
import { settleSnapshot } from "../../../src/allocator/settle.ts";
import { messageOf } from "../../../src/allocator/messages.ts";
import type { Snapshot } from "../../../src/api/snapshot.ts";
import { bgpDecision } from "../../../src/bgp/decision.ts";
import { nodeFactsFor } from "../../../src/bgp/node-facts.ts";
import { endpointsByService } from "../../../src/api/service-view.ts";
import { parseConfig } from "../../../src/config/parse.ts";
import { l2Decisions } from "../../../src/l2/decision.ts";
import {
  adv,
  errorsOf,
  fields,
  l2,
  node,
  parsed,
  peer,
  pool,
  secret,
  snapshotOf,
} from "../support.ts";
import type { Doc } from "../support.ts";

const NODE = node("n1");
const POOL = pool("a", "addresses: [10.0.0.0/24]");
const slice: Doc = {
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  metadata: { name: "s", namespace: "default", labels: { "kubernetes.io/service-name": "s" } },
  endpoints: [{ addresses: ["10.1.0.1"], nodeName: "n1", conditions: { ready: true } }],
};
const service = (metadata = "", ip = "10.0.0.5", spec = ""): Doc => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "s", namespace: "default", ...fields(metadata) },
  spec: { type: "LoadBalancer", clusterIPs: ["10.96.0.1"], ...fields(spec) },
  ...(ip !== "" && { status: { loadBalancer: { ingress: [{ ip }] } } }),
});

const bgpReason = (snapshot: Snapshot): string => {
  const { config } = parseConfig(snapshot);
  const [one] = snapshot.services;
  const endpoints = endpointsByService(snapshot.endpointSlices)("default/s");
  const decision = bgpDecision(one!, endpoints, config.pools, nodeFactsFor("n1", snapshot.nodes));
  return decision.announce ? "announced" : decision.reason;
};
const l2Cause = (snapshot: Snapshot, up: readonly string[]): string => {
  const { config } = parseConfig(snapshot);
  const interfacesByNode = new Map([["n1", up]]);
  const decision = l2Decisions(config, snapshot, "n1", null, { interfacesByNode }).get("default/s");
  return decision?.announce === true ? "announced" : (decision?.cause ?? "");
};
const address = (snapshot: Snapshot): string => {
  const outcome = settleSnapshot(snapshot, parseConfig(snapshot), "").outcomes.get("default/s");
  const pending = outcome?.pending ?? null;
  return pending === null ? (outcome?.ips.join() ?? "") : `${pending.kind}: ${messageOf(pending)}`;
};

describe("rules applied later (V40, V47, V87 to V92)", () => {
  const at = (text: string) => snapshotOf(POOL, NODE, slice, service(), l2("l", text));
  it("V40 rejects interfaces of which none is usable on the node, for this Service alone", () =>
    expect(l2Cause(at("interfaces: [eth9]"), ["eth0"])).to.equal("noInterface"));
  it("V40 accepts a list with at least one that is", () =>
    expect(l2Cause(at("interfaces: [eth9, eth0]"), ["eth0"])).to.equal("announced"));

  const selecting = "serviceSelectors: [{matchLabels: {tier: gold}}]";
  const two = (labels: string) =>
    snapshotOf(
      POOL,
      NODE,
      slice,
      service(labels),
      adv("one", `localPref: 1, ${selecting}`),
      adv("two", "localPref: 2"),
    );
  it("V47 rejects two local preferences that meet on one Service, for this Service alone", () => {
    expect(bgpReason(two("labels: {tier: gold}"))).to.equal("conflictingAdvertisements");
    expect(errorsOf(parseConfig(two("labels: {tier: gold}")))).to.deep.equal([]);
  });
  it("V47 accepts a Service that matches only one of them", () =>
    expect(bgpReason(two("labels: {tier: tin}"))).to.equal("announced"));

  const extras = (text: string): Doc => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "bgpextras", namespace: "metallb-system" },
    data: { extras: text },
  });
  it("V87 accepts extras, since FRR is always there, with a warning", () => {
    const { config, problems } = parsed(extras("ip prefix-list own seq 5 permit 192.0.2.0/24"));
    expect(config.extras).to.match(/prefix-list own/);
    expect(problems.map((p) => [p.severity, p.rule])).to.deep.include(["warning", "V87"]);
  });
  it("V87 has nothing to say of an empty one", () => {
    const { config, problems } = parsed(extras(""));
    expect([config.extras, problems]).to.deep.equal([null, []]);
  });

  it("V88 rejects a pool change under an announced address for the Service it concerns, not as a whole", () => {
    const moved = snapshotOf(
      pool("a", "addresses: [10.0.9.0/24]"),
      NODE,
      slice,
      service(),
      adv("x"),
    );
    expect(bgpReason(moved)).to.equal("ipNotAllowed");
    expect(errorsOf(parseConfig(moved))).to.deep.equal([]);
  });
  it("V88 accepts one that keeps the address", () =>
    expect(
      bgpReason(
        snapshotOf(pool("a", "addresses: [10.0.0.4/30]"), NODE, slice, service(), adv("x")),
      ),
    ).to.equal("announced"));

  const key = secret("s", 'type: "kubernetes.io/basic-auth", stringData: {password: y}');
  it("V89 rejects a password beside a Secret reference", () =>
    expect(
      errorsOf(parsed(key, peer("p", "password: x, passwordSecret: {name: s}"))).join(),
    ).to.match(/V76 p/));
  it("V89 accepts either", () => {
    expect(errorsOf(parsed(key, peer("p", "passwordSecret: {name: s}")))).to.deep.equal([]);
    expect(errorsOf(parsed(peer("p", "password: x")))).to.deep.equal([]);
  });

  it("V90 is about native sessions: what they cannot do, FRR can", () =>
    expect(
      errorsOf(parsed(peer("p", 'peerAddress: "2001:db8::1", sourceAddress: "2001:db8::2"'))),
    ).to.deep.equal([]));
  it("V90 rejects, with FRR too, a source that is no address", () =>
    expect(errorsOf(parsed(peer("p", "sourceAddress: x"))).join()).to.match(/V74 p/));

  const asking = (annotations: string) =>
    address(snapshotOf(POOL, NODE, service(`annotations: {${annotations}}`, "")));
  it("V91 rejects a malformed address request", () =>
    expect(asking('"metallb.io/loadBalancerIPs": foo')).to.match(/^badRequest: /));
  it("V91 accepts an address", () =>
    expect(asking('"metallb.io/loadBalancerIPs": 10.0.0.5')).to.equal("10.0.0.5"));
  it("V92 rejects a pool that is not there", () =>
    expect(asking('"metallb.io/address-pool": nope')).to.match(/^unknownPool: /));
  it("V92 accepts one that is", () =>
    expect(asking('"metallb.io/address-pool": a')).to.equal("10.0.0.0"));
});
