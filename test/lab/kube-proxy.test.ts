import { expect } from "chai";
import type { EndpointSlice, Service } from "../../src/api/objects.ts";
import { natRulesFor } from "../../src/lab/kube-proxy.ts";
import { createNet } from "../../src/lab/netns.ts";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const service = (ips: readonly string[], spec: Service["spec"] = {}): Service => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { namespace: "default", name: "web" },
  spec: { type: "LoadBalancer", ports: [{ port: 80 }], ...spec },
  status: { loadBalancer: { ingress: ips.map((ip) => ({ ip })) } },
});
const slice = (endpoints: readonly [address: string, node: string, ready?: boolean][]) =>
  ({
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      namespace: "default",
      name: "web-1",
      labels: { "kubernetes.io/service-name": "web" },
    },
    addressType: endpoints[0]?.[0].includes(":") === true ? "IPv6" : "IPv4",
    ports: [{ port: 8080 }],
    endpoints: endpoints.map(([address, nodeName, ready = true]) => ({
      addresses: [address],
      nodeName,
      conditions: { ready },
    })),
  }) satisfies EndpointSlice;

const TWO = [slice([["192.0.2.130", "n1"], ["192.0.2.146", "n2"], ["192.0.2.162", "n3", false]])]; // prettier-ignore

/** The lines that decide, without the frame of tables and chains. */
const deciding = (node: string, services: Service[], endpointSlices: EndpointSlice[]): string[] =>
  natRulesFor(node, { services, endpointSlices })
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line.includes(" daddr "));

describe("kube-proxy's part in the lab", () => {
  const cases: [given: string, got: () => string[], then: string[]][] = [
    [
      "Cluster spreads over ready endpoints and marks for masquerading",
      () => deciding("n3", [service(["203.0.113.1"])], TWO),
      [
        "ip daddr 203.0.113.1 tcp dport 80 meta mark set meta mark or 0x4000 dnat ip to numgen random mod 2 map { 0 : 192.0.2.130 . 8080, 1 : 192.0.2.146 . 8080 }",
      ],
    ],
    [
      "Local uses the node's own endpoint and leaves the client's address",
      () => deciding("n2", [service(["203.0.113.1"], { externalTrafficPolicy: "Local" })], TWO),
      [
        "ip daddr 203.0.113.1 tcp dport 80 dnat ip to numgen random mod 1 map { 0 : 192.0.2.146 . 8080 }",
      ],
    ],
    [
      "Local without an endpoint here drops",
      () => deciding("n3", [service(["203.0.113.1"], { externalTrafficPolicy: "Local" })], TWO),
      ["ip daddr 203.0.113.1 tcp dport 80 drop"],
    ],
    [
      "IPv6 finds the slice of its family",
      () =>
        deciding(
          "n1",
          [service(["2001:db8:0:f::1"])],
          [...TWO, slice([["2001:db8:0:11::2", "n1"]])],
        ),
      [
        "ip6 daddr 2001:db8:0:f::1 tcp dport 80 meta mark set meta mark or 0x4000 dnat ip6 to numgen random mod 1 map { 0 : 2001:db8:0:11::2 . 8080 }",
      ],
    ],
    ["no address, no rule", () => deciding("n1", [service([])], TWO), []],
    [
      "text that is no address never gets into the rules",
      () => deciding("n1", [service(["203.0.113.1 drop; flush ruleset"])], TWO),
      [],
    ],
  ];
  for (const [given, got, then] of cases) it(given, () => expect(got()).to.deep.equal(then));

  it("is taken by nft, again and again", async function () {
    if (process.getuid?.() !== 0) this.skip();
    const net = createNet();
    const dir = await mkdtemp(join(tmpdir(), `ferrolb-${process.pid}-`));
    try {
      const ns = await net.namespace("nft");
      const both = { services: [service(["203.0.113.1", "2001:db8:0:f::1"])], endpointSlices: TWO };
      for (const input of [both, { services: [], endpointSlices: [] }, both]) {
        await writeFile(join(dir, "rules"), natRulesFor("n1", input));
        await ns.exec("nft", "-f", join(dir, "rules"));
      }
      expect(await ns.exec("nft", "list", "ruleset")).to.include("203.0.113.1");
    } finally {
      await net.destroy();
      await rm(dir, { recursive: true, force: true });
    }
  });
});
