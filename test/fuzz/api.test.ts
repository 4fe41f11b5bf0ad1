/** Services, EndpointSlices and Nodes with fields of wrong types, as no API server ought to send them: they harm themselves alone. */
import { expect } from "chai";
import type { Random } from "../../chaos/random.ts";
import { settleSnapshot, withAddresses } from "../../src/allocator/settle.ts";
import type { KubeObject } from "../../src/api/objects.ts";
import { emptySnapshot } from "../../src/api/snapshot.ts";
import type { Snapshot } from "../../src/api/snapshot.ts";
import { nodeBgpFor } from "../../src/bgp/node-bgp.ts";
import { fieldsOf } from "../../src/config/read.ts";
import { parseConfig } from "../../src/config/parse.ts";
import { statusOf } from "../../src/explain/status.ts";
import { renderFrr } from "../../src/frr-templates/render.ts";
import { keepFor } from "../../src/kube/resources.ts";
import { l2Decisions } from "../../src/l2/decision.ts";
import { LIST_OF } from "../../src/manifests/assemble.ts";
import { spoil } from "./hostile.ts";
import type { Json } from "./hostile.ts";
import { CASES, fuzz } from "./seeds.ts";
import { strangeLines } from "./shapes.ts";
import { WORLD } from "./world.ts";

type Loose = { readonly kind: string; readonly metadata: Json } & Readonly<Record<string, Json>>;

const CORE = ["Service", "EndpointSlice", "Node", "Namespace", "Secret"];

/** A bystander: what happens to others must not happen to it. */
const BYSTANDER: readonly Json[] = [
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "bystander", namespace: "calm" },
    spec: { type: "LoadBalancer", clusterIP: "192.0.2.251", ports: [{ port: 80 }] },
    status: { loadBalancer: { ingress: [{ ip: "203.0.113.200" }] } },
  },
  {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      ...{ name: "bystander-1", namespace: "calm" },
      labels: { "kubernetes.io/service-name": "bystander" },
    },
    addressType: "IPv4",
    endpoints: [{ addresses: ["192.0.2.131"], nodeName: "calm" }],
  },
  { apiVersion: "v1", kind: "Node", metadata: { name: "calm", labels: {} } },
  {
    ...{ apiVersion: "metallb.io/v1beta1", kind: "IPAddressPool" },
    metadata: { name: "calm", namespace: "metallb-system" },
    spec: { addresses: ["203.0.113.200/32"] },
  },
  {
    ...{ apiVersion: "metallb.io/v1beta1", kind: "BGPAdvertisement" },
    metadata: { name: "calm", namespace: "metallb-system" },
    spec: { ipAddressPools: ["calm"] },
  },
];

/** Names and types of the envelope are the API server's own; everything inside is spoilt. */
function spoilt(object: Loose, random: Random): Json {
  const { apiVersion = "", kind, metadata, ...rest } = object;
  const { name = "", namespace, ...more } = metadata as Record<string, Json>;
  const own = { name, ...(namespace !== undefined && { namespace }) };
  const inside: Json = random.next() < 0.8 ? spoil(rest, random) : rest;
  const labels = fieldsOf(spoil(more, random));
  return { ...fieldsOf(inside), apiVersion, kind, metadata: { ...labels, ...own } };
}

function worldFrom(random: Random): Snapshot {
  const objects = WORLD.map((object) => {
    const loose = object as unknown as Loose;
    return CORE.includes(loose.kind) && random.next() < 0.3 ? spoilt(loose, random) : object;
  });
  const lists = emptySnapshot("metallb-system") as unknown as Record<string, KubeObject[]>;
  for (const object of [...objects, ...BYSTANDER] as unknown as KubeObject[]) {
    const list = LIST_OF[object.kind];
    if (list !== undefined) lists[list]?.push(keepFor(list)(object));
  }
  return lists as unknown as Snapshot;
}

function follow(random: Random): void {
  const snapshot = worldFrom(random);
  const parsed = parseConfig(snapshot);
  const settled = settleSnapshot(snapshot, parsed, "");
  const services = withAddresses(snapshot.services, [...settled.outcomes.values()]);
  const after = { ...snapshot, services };
  for (const node of ["n1", "calm"]) {
    const conf = renderFrr({ ...nodeBgpFor(parsed.config, after, node), extras: null });
    expect(strangeLines(conf)).to.deep.equal([]);
    l2Decisions(parsed.config, after, node, new Set(["n1", "calm"]));
  }
  const held = settled.outcomes.get("calm/bystander");
  expect(held?.ips).to.deep.equal(["203.0.113.200"]);
  const conf = renderFrr(nodeBgpFor(parsed.config, after, "n1"));
  expect(conf).to.contain("network 203.0.113.200/32 ");
  statusOf(after);
}

describe("objects of wrong types from an API", function () {
  this.timeout(0);
  it(`${CASES} worlds: nothing throws, and who is beside them keeps address and routes`, () =>
    fuzz("api", CASES, follow));
});
