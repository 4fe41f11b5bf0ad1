/** A Service becomes a route, and only its own; seen at real routers that record what they are sent. */
import { expect } from "chai";
import { setTimeout as sleep } from "node:timers/promises";
import { NODES, ROUTERS, addressOf } from "../../src/lab/plan.ts";
import type { NodeName } from "../../src/lab/plan.ts";
import { startTestLab } from "../support/lab.ts";
import type { TestLab } from "../support/lab.ts";
import { bgpAdvertisement, nodes, pool, router1, router2, service } from "../support/lab-manifests.ts"; // prettier-ignore
import { recordEvents } from "../support/router-events.ts";
import { eventually } from "../support/wait.ts";

/** FRR holds changes of route-maps back for up to 5 s: what would still come has come after this. */
const SETTLE_MS = 6500;

const MANY = 500;
const nameOf = (i: number): string => `many-${`${i}`.padStart(3, "0")}`;
/** One half of the crowd in each family: documentation ranges are small. */
const ipOf = (i: number): string =>
  i < MANY / 2 ? `203.0.113.${i}` : `2001:db8:0:f::${i.toString(16)}`;
const prefixOf = (i: number): string => `${ipOf(i)}/${i < MANY / 2 ? 32 : 128}`;

describe("a Service in the directory, at both routers", function () {
  this.timeout(180_000);
  let lab: TestLab;
  before(async () => {
    lab = await startTestLab({
      backends: false,
      routers: { r1: { record: true }, r2: { record: true } },
      manifests: {
        nodes: nodes(),
        peers: [
          router1({ dualStackAddressFamily: true }),
          router2({ dualStackAddressFamily: true }),
        ],
        pools: [pool("public", ["192.0.2.192/27"]), pool("crowd", ["203.0.113.0/24", "2001:db8:0:f::/64"], { autoAssign: false })], // prettier-ignore
        advertisements: [
          bgpAdvertisement("public", {
            ipAddressPools: ["public"],
            localPref: 150,
            communities: ["64500:7", "65535:65281", "large:64500:1:2"],
          }),
          bgpAdvertisement("crowd", { ipAddressPools: ["crowd"] }),
        ],
      },
    });
    for (const router of ROUTERS) await lab.established(router);
  });
  after(() => lab.stop());

  it("is a route through every node, with its communities and local preference", async () => {
    await lab.write("web", ...service("web", { ip: "192.0.2.200" }));
    for (const router of ROUTERS) {
      await lab.routed(router, "192.0.2.200/32", NODES);
      const paths = await lab.eyes.paths(router, "192.0.2.200/32");
      expect(paths.map((p) => p.nextHop)).to.deep.equal(NODES.map((n) => addressOf(n, "lan")));
      for (const path of paths)
        expect(path).to.deep.include({
          // r2 is an internal peer; external ones are not told.
          localPref: router === "r2" ? 150 : null,
          asPath: router === "r2" ? "Local" : "64500",
          communities: ["64500:7", "noExport"],
          largeCommunities: ["64500:1:2"],
        });
    }
  });

  it("beside another, comes and goes alone: nothing else is touched, no session reset", async () => {
    const records = await Promise.all(ROUTERS.map((router) => recordEvents(lab, router)));
    await lab.write("other", ...service("other", { ip: "192.0.2.201" }));
    for (const router of ROUTERS) await lab.routed(router, "192.0.2.201/32", NODES);
    await lab.remove("other");
    for (const router of ROUTERS) await lab.routed(router, "192.0.2.201/32", []);
    await sleep(SETTLE_MS);
    for (const events of records)
      expect(kinds(await events())).to.deep.equal({
        "announced 192.0.2.201/32": NODES.length,
        "withdrawn 192.0.2.201/32": NODES.length,
      });
    for (const router of ROUTERS) await lab.routed(router, "192.0.2.200/32", NODES);
  });

  it("with externalTrafficPolicy Local has only nodes with a ready endpoint as next hops", async () => {
    const on = async (...where: readonly NodeName[]): Promise<void> => {
      await lab.write("local", ...service("local", { ip: "192.0.2.210", local: true, on: where }));
      for (const router of ROUTERS) await lab.routed(router, "192.0.2.210/32", where);
    };
    await on("n2");
    await on("n3");
    await on("n1", "n3");
    await on();
    await lab.remove("local");
  });

  describe(`among ${MANY} others`, () => {
    before(async () => {
      await lab.write(
        "crowd",
        ...Array.from({ length: MANY }, (_, i) => service(nameOf(i), crowded(i))).flat(),
      );
      for (const router of ROUTERS)
        await eventually(
          `${MANY} routes at ${router}`,
          async () => (await lab.eyes.routes(router)).size === MANY + 1,
          120_000,
          250,
        );
      await sleep(SETTLE_MS);
    });

    for (const [which, i] of [
      ["first", 0],
      ["middle", MANY / 2],
      ["last", MANY - 1],
    ] as const)
      it(`the ${which} one goes and comes back alone`, async () => {
        const all = Array.from({ length: MANY }, (_, n) => n);
        const crowd = (without: number | null) =>
          all.filter((n) => n !== without).flatMap((n) => service(nameOf(n), crowded(n)));
        const records = await Promise.all(ROUTERS.map((router) => recordEvents(lab, router)));
        const prefix = prefixOf(i);
        await lab.write("crowd", ...crowd(i));
        for (const router of ROUTERS) await lab.routed(router, prefix, []);
        await lab.write("crowd", ...crowd(null));
        for (const router of ROUTERS) await lab.routed(router, prefix, NODES);
        await sleep(SETTLE_MS);
        for (const events of records)
          expect(kinds(await events())).to.deep.equal({
            [`announced ${prefix}`]: NODES.length,
            [`withdrawn ${prefix}`]: NODES.length,
          });
      });

    after(() => lab.remove("crowd"));
  });

  it("no session was ever reset", async () => {
    for (const router of ROUTERS) {
      const sessions = await lab.eyes.sessions(router);
      for (const node of NODES)
        expect(sessions.get(addressOf(node, "lan"))).to.deep.equal({
          state: "Established",
          established: 1,
          dropped: 0,
        });
    }
  });
});

const crowded = (i: number) => ({
  ip: ipOf(i),
  annotations: { "metallb.io/address-pool": "crowd" },
});

/** How often each thing happened. */
function kinds(events: readonly { readonly kind: string; readonly subject: string }[]) {
  const counts: Record<string, number> = {};
  for (const { kind, subject } of events) {
    const key = `${kind} ${subject}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}
