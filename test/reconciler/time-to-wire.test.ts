import { expect } from "chai";
import type { EndpointSlice, Service } from "../../src/api/objects.ts";
import { emptySnapshot } from "../../src/api/snapshot.ts";
import { ChangeTimes } from "../../src/reconciler/change-times.ts";
import { bgpWaits, layer2Waits, ownersOf, takeoversOf } from "../../src/reconciler/waits.ts";
import type { L2Decision } from "../../src/l2/decision.ts";
import { parseIp } from "../../src/net/ip.ts";
import type { PrefixText } from "../../src/net/prefix.ts";
import type { NodeBgp } from "../../src/bgp/model.ts";

const service = (name: string): Service => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name, namespace: "default" },
});
const slice = (of: string): EndpointSlice => ({
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  metadata: { name: `${of}-1`, namespace: "default", labels: { "kubernetes.io/service-name": of } },
});

describe("when a Service changed", () => {
  const [web, more] = [service("web"), service("more")];
  const world = (services: Service[], endpointSlices: EndpointSlice[] = []) => ({
    ...emptySnapshot(),
    services,
    endpointSlices,
  });

  it("what was there at the start did not change", () => {
    const times = new ChangeTimes();
    times.note(world([web], [slice("web")]), 10);
    expect([...times.due("bgp")]).to.deep.equal([]);
  });

  it("a new object is a change of its Service, the first one counts, for each protocol", () => {
    const times = new ChangeTimes();
    times.note(world([web]), 10);
    times.note(world([web, more]), 20);
    times.note(world([web, more], [slice("web"), slice("more")]), 30);
    expect([...times.due("layer2")]).to.deep.equal([
      ["default/more", 20],
      ["default/web", 30],
    ]);
    times.settle("layer2", times.due("layer2"));
    expect([times.due("layer2").size, times.due("bgp").size]).to.deep.equal([0, 2]);
  });

  it("a change during a pass stays for the next one", () => {
    const times = new ChangeTimes();
    times.note(world([]), 0);
    times.note(world([web]), 10);
    const due = times.due("bgp");
    times.settle("bgp", due);
    times.note(world([service("web")]), 20);
    times.settle("bgp", due);
    expect([...times.due("bgp")]).to.deep.equal([["default/web", 20]]);
  });
});

const IP = parseIp("198.51.100.10");
const decided = (winner: string | null, self = "n1"): ReadonlyMap<string, L2Decision> =>
  new Map([
    [
      "default/web",
      {
        ...{ announce: winner === self, interfaces: "*", reason: null, cause: null },
        unfit: new Map(),
        addresses: [
          {
            ...{ ip: IP, announce: winner === self, interfaces: "*", reason: null, cause: null },
            ...{
              winner,
              winnerInterfaces: "*",
              candidates: [],
              electionKey: IP,
              sharers: ["default/web"],
            },
          },
        ],
      },
    ],
  ]);

describe("what reaches the wire at L2", () => {
  const due = new Map([["default/web", 5]]);

  it("an address that begins with a change waits; one that was here already does not", () => {
    const waits = layer2Waits(decided("n1"), new Map(), "n1", due);
    expect(waits).to.deep.equal([{ service: "default/web", ip: IP, sinceMs: 5 }]);
    expect(layer2Waits(decided("n1"), ownersOf(decided("n1")), "n1", due)).to.deep.equal([]);
    expect(layer2Waits(decided("n1"), new Map(), "n1", new Map())).to.deep.equal([]);
    expect(layer2Waits(decided("n2"), new Map(), "n1", due)).to.deep.equal([]);
  });

  //                            before        now    alive            heard   takeovers
  const cases: [
    given: string,
    string | null,
    string,
    readonly string[] | null,
    number | null,
    number,
  ][] = [
    ["the owner died", "n2", "n1", ["n1"], 100, 1],
    ["the owner lives and gave it up", "n2", "n1", ["n1", "n2"], 100, 0],
    ["nobody had it", null, "n1", ["n1"], 100, 0],
    ["another node takes it", "n2", "n3", ["n1", "n3"], 100, 0],
    ["membership is off", "n2", "n1", null, 100, 0],
    ["it was never heard of", "n2", "n1", ["n1"], null, 0],
  ];
  for (const [given, before, now, alive, heard, count] of cases)
    it(`takeover: ${given} -> ${count}`, () => {
      const found = takeoversOf(
        decided(now),
        ownersOf(decided(before, "n9")),
        "n1",
        alive === null ? null : new Set(alive),
        () => heard,
      );
      expect(found).to.have.length(count);
      if (count > 0) expect(found[0]).to.deep.equal({ ip: IP, from: "n2", sinceMs: 100 });
    });
});

describe("what reaches the wire by BGP", () => {
  const prefix = "203.0.113.7/32" as PrefixText;
  const ref = (name: string) => ({ kind: "Service", namespace: "default", name });
  const carrying = (announced: boolean): Pick<NodeBgp, "instances"> => ({
    instances: [
      {
        ...{ asn: 64500, vrf: null, routerId: null, networks6: [] },
        networks4: [{ prefix, classNumber: 1, origins: [ref("web"), ref("more")] }],
        neighbors: [
          {
            ...{ peer: "r1", key: "192.0.2.1", unnumbered: false, id: "192.0.2.1" },
            ...{ remoteAs: "64501", localAs: null, bfdProfile: null, password: null, port: null },
            ...{ multihop: false, disableConnectedCheck: false, updateSource: null, timers: null },
            ...{ connectS: null, gracefulRestart: false, families: [4], entries: [] },
            announcements: announced
              ? [{ prefix, localPref: 0, communities: [], largeCommunities: [] }]
              : [],
          },
        ],
      },
    ],
  });
  const due = new Map([
    ["default/more", 3],
    ["default/web", 9],
  ]);

  it("a new prefix waits since the first of its Services changed", () => {
    expect(bgpWaits(carrying(true), null, due)).to.deep.equal([
      { service: "default/more", prefix, vrf: null, sinceMs: 3 },
    ]);
  });
  it("one that is sent already, to nobody, or without a change, does not", () => {
    expect(bgpWaits(carrying(true), carrying(true), due)).to.deep.equal([]);
    expect(bgpWaits(carrying(false), null, due)).to.deep.equal([]);
    expect(bgpWaits(carrying(true), null, new Map())).to.deep.equal([]);
  });
});
