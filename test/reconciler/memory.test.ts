/**
 * Passes remember by identity what they made before. Whatever changes between them, and in whatever order, they say what a
 * pass says that remembers nothing: one over copies of all objects.
 */
import { expect } from "chai";
import fc from "fast-check";
import type { EndpointSlice, Node, Service } from "../../src/api/objects.ts";
import { emptySnapshot } from "../../src/api/snapshot.ts";
import type { Snapshot } from "../../src/api/snapshot.ts";
import { nodeBgpFor } from "../../src/bgp/node-bgp.ts";
import { parseConfig } from "../../src/config/parse.ts";
import type { Config } from "../../src/config/config.ts";
import { desiredFor } from "../../src/frr-templates/desired.ts";
import { announcementsOf, electionFactsOf, l2Decisions } from "../../src/l2/decision.ts";
import { concernOf } from "../../src/reconciler/concern.ts";
import { announcedByBgp, announcedByL2 } from "../../src/reconciler/speaker-view.ts";
import { ownersOf } from "../../src/reconciler/waits.ts";
import { bgpPeer } from "../support/speaking.ts";

const NODES = ["n1", "n2", "n3"];
const metadata = (name: string, namespace = "metallb-system") => ({ name, namespace });
const v1beta1 = "metallb.io/v1beta1";

const advertisement = (n: number): Snapshot["bgpAdvertisements"][number] => ({
  ...{ apiVersion: v1beta1, kind: "BGPAdvertisement", metadata: metadata(`a${n}`) },
  spec: {
    aggregationLength: n % 2 === 0 ? 32 : 30,
    communities: [`64500:${n}`],
    ...(n === 3 && { peers: ["p1"] }),
    ...(n === 4 && { serviceSelectors: [{ matchLabels: { tier: "gold" } }] }),
    ...(n === 5 && { nodeSelectors: [{ matchLabels: { "kubernetes.io/hostname": "n2" } }] }),
  },
});
const l2 = (n: number): Snapshot["l2Advertisements"][number] => ({
  ...{ apiVersion: v1beta1, kind: "L2Advertisement", metadata: metadata(`l${n}`) },
  spec: {
    ...(n === 1 && { interfaces: ["eth1"] }),
    ...(n === 2 && { serviceSelectors: [{ matchLabels: { tier: "gold" } }] }),
  },
});
const node = (name: string, excluded: boolean): Node => ({
  ...{ apiVersion: "v1", kind: "Node" },
  metadata: {
    name,
    labels: {
      "kubernetes.io/hostname": name,
      ...(excluded && { "node.kubernetes.io/exclude-from-external-load-balancers": "" }),
    },
  },
});
const service = (i: number, ips: readonly string[], gold: boolean, local: boolean): Service => ({
  ...{ apiVersion: "v1", kind: "Service" },
  metadata: { ...metadata(`web-${i}`, "default"), ...(gold && { labels: { tier: "gold" } }) },
  spec: {
    ...{ type: "LoadBalancer", ports: [{ port: 80 }] },
    ...(local && { externalTrafficPolicy: "Local" as const }),
  },
  status: { loadBalancer: { ingress: ips.map((ip) => ({ ip })) } },
});
const slice = (i: number, part: number, on: readonly string[]): EndpointSlice => ({
  ...{ apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice" },
  metadata: {
    ...metadata(`web-${i}-${part}`, "default"),
    labels: { "kubernetes.io/service-name": `web-${i}` },
  },
  endpoints: on.map((nodeName) => ({ addresses: ["198.51.100.9"], nodeName })),
});

type Named = { readonly metadata: { readonly name: string } };
/** With this object in the place of the one of its name, or behind the others. */
const put = <T extends Named>(list: readonly T[], one: T): readonly T[] =>
  list.some((o) => o.metadata.name === one.metadata.name)
    ? list.map((o) => (o.metadata.name === one.metadata.name ? one : o))
    : [...list, one];
const drop = <T extends Named>(list: readonly T[], name: string): readonly T[] =>
  list.filter((o) => o.metadata.name !== name);

interface Seen {
  readonly snapshot: Snapshot;
  readonly alive: ReadonlySet<string> | null;
  readonly mixed: boolean;
}
type Edit = (before: Seen) => Seen;

const edited =
  (change: (s: Snapshot) => Partial<Snapshot>): Edit =>
  (before) => ({
    ...before,
    snapshot: { ...before.snapshot, ...change(before.snapshot) },
  });
const number = (most: number) => fc.integer({ min: 0, max: most });
const some = (names: readonly string[]) => fc.subarray([...names]);
/** Few, so that Services share them, and aggregates hold several. */
const address = fc.oneof(
  number(9).map((n) => `203.0.113.${n}`),
  number(3).map((n) => `2001:db8::${n + 1}`),
  fc.constant("192.0.2.250"), // of no pool
);
const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc
    .tuple(number(5), fc.array(address, { maxLength: 2 }), fc.boolean(), fc.boolean())
    .map(([i, ips, gold, local]) =>
      edited(({ services }) => ({ services: put(services, service(i, ips, gold, local)) })),
    ),
  number(5).map((i) => edited(({ services }) => ({ services: drop(services, `web-${i}`) }))),
  fc
    .tuple(number(5), number(1), some(NODES))
    .map(([i, part, on]) =>
      edited(({ endpointSlices: all }) => ({ endpointSlices: put(all, slice(i, part, on)) })),
    ),
  fc
    .tuple(number(5), number(1))
    .map(([i, part]) =>
      edited(({ endpointSlices: all }) => ({ endpointSlices: drop(all, `web-${i}-${part}`) })),
    ),
  fc
    .tuple(fc.constantFrom(...NODES), fc.boolean())
    .map(([name, out]) => edited(({ nodes }) => ({ nodes: put(nodes, node(name, out)) }))),
  number(5).map((n) =>
    edited(({ bgpAdvertisements: all }) => ({
      bgpAdvertisements: all.some((a) => a.metadata.name === `a${n}`)
        ? drop(all, `a${n}`)
        : [...all, advertisement(n)],
    })),
  ),
  number(2).map((n) =>
    edited(({ l2Advertisements: all }) => ({
      l2Advertisements: all.some((a) => a.metadata.name === `l${n}`)
        ? drop(all, `l${n}`)
        : [...all, l2(n)],
    })),
  ),
  number(2).map((n) =>
    edited(({ bgpPeers: all }) => ({
      bgpPeers: all.some((p) => p.metadata.name === `p${n}`)
        ? drop(all, `p${n}`)
        : [...all, bgpPeer(`p${n}`, `192.0.2.${n + 10}`)],
    })),
  ),
  fc.option(some(NODES), { nil: null }).map((names): Edit => (before) => ({
    ...before,
    alive: names === null ? null : new Set(names),
  })),
  fc.boolean().map((mixed): Edit => (before) => ({ ...before, mixed })),
);

const START: Seen = {
  snapshot: {
    ...emptySnapshot("metallb-system"),
    services: [0, 1, 2, 3].map((i) => service(i, [`203.0.113.${i}`], i === 1, false)),
    endpointSlices: [0, 1, 2, 3].map((i) => slice(i, 0, ["n1"])),
    nodes: NODES.map((name) => node(name, false)),
    pools: [
      {
        ...{ apiVersion: v1beta1, kind: "IPAddressPool", metadata: metadata("pool") },
        spec: { addresses: ["203.0.113.0/24", "2001:db8::/120"] },
      },
    ],
    bgpAdvertisements: [advertisement(0), advertisement(1)],
    l2Advertisements: [l2(0)],
    bgpPeers: [bgpPeer("p0", "192.0.2.10"), bgpPeer("p1", "192.0.2.11")],
  },
  alive: null,
  mixed: false,
};

/** All that a pass of each protocol says. */
function said(config: Config, { snapshot, alive, mixed }: Seen) {
  const bgp = nodeBgpFor(config, snapshot, "n1", {});
  const interfacesByNode = new Map([["n2", ["eth0"]]]);
  const decisions = l2Decisions(config, snapshot, "n1", alive, { mixed, interfacesByNode });
  return {
    bgp,
    text: desiredFor(bgp).text,
    announced: [announcedByBgp(bgp, snapshot), announcedByL2(decisions)],
    decisions,
    answers: [announcementsOf(decisions), electionFactsOf(decisions), ownersOf(decisions)],
  };
}

/** What others see of it. */
const toldOf = ({ text, announced, answers }: ReturnType<typeof said>) => ({
  ...{ text, announced, answers },
});

describe("what passes remember", () => {
  it("is what a pass without a memory says, after any edits", function () {
    this.timeout(120_000);
    const runs = Number(process.env["FERROLB_RUNS"] ?? 150);
    let [announcing, spared] = [0, 0];
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 25 }), (edits) => {
        let seen = START;
        let config = parseConfig(seen.snapshot).config;
        const concerns = concernOf("");
        let last: ReturnType<typeof said> | null = null;
        for (const change of edits) {
          const before = seen.snapshot;
          const { alive, mixed } = seen;
          seen = change(seen);
          const isSameWorld = alive === seen.alive && mixed === seen.mixed; // membership speaks for itself
          const { services, endpointSlices } = before;
          const isSameConfig =
            JSON.stringify({ ...seen.snapshot, services, endpointSlices }) ===
            JSON.stringify(before);
          if (!isSameConfig) config = parseConfig(seen.snapshot).config; // as speakers do
          const now = said(config, seen);
          const concerned = concerns(seen.snapshot, []);
          if (!concerned && last !== null && isSameWorld) {
            expect(toldOf(now)).to.deep.equal(toldOf(last));
            spared++;
          }
          last = now;
          const fresh = structuredClone(seen);
          expect(now).to.deep.equal(said(parseConfig(fresh.snapshot).config, fresh));
          expect(said(config, seen).bgp).to.equal(now.bgp);
          announcing += now.announced.flat().length;
        }
      }),
      { numRuns: runs },
    );
    expect(announcing).to.be.greaterThan(runs); // the edits reach what they are for
    expect(spared).to.be.greaterThan(runs / 2);
  });
});
