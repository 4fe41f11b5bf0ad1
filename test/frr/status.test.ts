/** What live FRRs of both generations say of themselves, as `src/frr/status.ts` reads it. */
import { expect } from "chai";
import {
  readAdvertised,
  readBfdPeers,
  readNeighbors,
  sentToFrom,
  type NeighborStatus,
} from "../../src/frr/status.ts";
import { frrNumbers } from "../../src/frr/numbers.ts";
import { vtyTo } from "../../src/frr/vty.ts";
import { vtyshAt, type Vtysh } from "../../src/frr/vtysh.ts";
import { FRR_VERSIONS } from "../../src/lab/frr-root.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { startPair, type Pair } from "../support/router.ts";
import { eventually } from "../support/wait.ts";

const side = (own: string[], peers: readonly string[], remoteAs: number, asn: number): string =>
  [
    `router bgp ${asn}`,
    ` bgp router-id 10.0.0.${remoteAs - 64500 + 1}`,
    " no bgp ebgp-requires-policy",
    " no bgp network import-check",
    " no bgp default ipv4-unicast",
    ...peers.flatMap((p) => [
      ` neighbor ${p}${p.startsWith("eth") ? " interface" : ""} remote-as ${remoteAs}`,
      ` neighbor ${p} timers connect 1`,
    ]),
    ...peers.slice(0, 1).map((p) => ` neighbor ${p} bfd`),
    " address-family ipv4 unicast",
    ...own.map((prefix) => `  network ${prefix}`),
    ...peers.map((p) => `  neighbor ${p} activate`),
    " exit-address-family",
    "exit",
    "",
  ].join("\n");

for (const version of FRR_VERSIONS)
  describe(`the status of FRR ${version}`, function () {
    this.timeout(180_000);
    const OWN = ["203.0.113.1/32", "203.0.113.2/32"];
    let pair: Pair;
    let vtysh: Vtysh;
    let startedMs: number;

    before(async () => {
      startedMs = performance.now();
      pair = await startPair(version, {
        node: side(OWN, ["192.0.2.2", "192.0.2.77", "eth0"], 64501, 64500),
        router: side(["198.51.100.0/24"], ["192.0.2.1"], 64500, 64501),
      });
      vtysh = vtyshAt({
        command: pair.node.vtyshPath,
        vtyDir: pair.node.vtyDir,
        timeoutMs: 20_000,
      });
    });
    after(() => pair.close());

    const neighbor = async (key: string): Promise<NeighborStatus> => {
      const found = (await readNeighbors(vtysh)).find((one) => one.key === key);
      if (found === undefined) throw new Error(`no neighbour ${key}`);
      return found;
    };
    const complete = (): Promise<NeighborStatus> =>
      eventually("an exchange in both directions", async () => {
        const one = await neighbor("192.0.2.2");
        return one.sentPrefixes >= 2 && one.receivedPrefixes === 1 ? one : undefined;
      });

    it("an Established neighbour: state, uptime, prefixes, messages", async () => {
      const first = await complete();
      expect(first).to.deep.include({ vrf: null, address: "192.0.2.2", remoteAs: 64501 });
      expect(first.state).to.equal("Established");
      const later = await eventually("a later uptime", async () => {
        const one = await neighbor("192.0.2.2");
        return one.uptimeMs >= first.uptimeMs + 1000 ? one : undefined;
      });
      expect(later.uptimeMs).to.be.lessThan(performance.now() - startedMs + 1000);
      expect(later.opensSent).to.be.greaterThan(0);
      expect(later.opensReceived).to.be.greaterThan(0);
      expect(later.updatesSent).to.be.greaterThan(0);
      expect(later.updatesReceived).to.be.greaterThan(0);
      expect(later.keepalivesReceived).to.be.greaterThan(0);
      expect(later.totalSent).to.be.at.least(later.opensSent + later.updatesSent);
    });

    it("neighbours that nobody answers for", async () => {
      const all = await readNeighbors(vtysh);
      expect(all.map(({ key }) => key)).to.deep.equal(["192.0.2.2", "192.0.2.77", "eth0"]);
      for (const one of all.slice(1)) {
        expect(one.state).to.be.oneOf(["Idle", "Connect", "Active"]);
        expect(one).to.include({ uptimeMs: 0, sentPrefixes: 0, receivedPrefixes: 0, dropped: 0 });
      }
      expect(all[1]?.address).to.equal("192.0.2.77");
    });

    it("what a neighbour is sent, and one that is sent nothing", async () => {
      await complete();
      const sent = await readAdvertised(vtysh, { key: "192.0.2.2", vrf: null });
      expect(sent).to.include.members(OWN);
      expect(await readAdvertised(vtysh, { key: "192.0.2.77", vrf: null })).to.deep.equal([]);
    });

    it("the same numbers without a process, over the daemons' own sockets", async () => {
      await complete();
      const vtys = [vtyTo("bgpd", pair.node.vtyDir), vtyTo("bfdd", pair.node.vtyDir)] as const;
      try {
        const numbers = frrNumbers(...vtys, systemClock);
        expect(numbers.latest()).to.deep.equal({ neighbors: [], bfd: [] });
        const { neighbors, bfd } = await eventually("BFD counters", async () => {
          await numbers.refresh();
          const now = numbers.latest();
          return (now.bfd[0]?.controlOutput ?? 0) > 0 ? now : undefined;
        });
        expect(neighbors.map((n) => n.key)).to.deep.equal(["192.0.2.2", "192.0.2.77", "eth0"]);
        expect(neighbors[0]).to.include({ state: "Established" });
        expect(neighbors[0]?.sentPrefixes).to.be.at.least(2);
        expect(neighbors[0]?.remotePort).to.be.greaterThan(0);
        expect(neighbors[1]?.remotePort).to.equal(-1);
        expect(bfd[0]).to.include({ peer: "192.0.2.2", vrf: null });
        expect(sentToFrom(await vtys[0].ask(`show bgp ipv4 unicast ${OWN[0]} json`))).to.deep.equal(
          ["192.0.2.2"],
        );
        const unknown = await vtys[0].ask("show bgp ipv4 unicast 198.51.100.77/32 json");
        expect(sentToFrom(unknown)).to.deep.equal([]);
        const refused = await vtys[0].ask("show bgp\nconfigure").catch((e: unknown) => String(e));
        expect(refused).to.contain("not one command");
      } finally {
        for (const vty of vtys) vty.close();
      }
    });

    it("BFD up; then, with the other end dead, down, and the session's end counted", async () => {
      const peers = await eventually("BFD up", async () => {
        const found = await readBfdPeers(vtysh);
        return found.some(({ state }) => state === "up") ? found : undefined;
      });
      expect(peers).to.have.length(1);
      expect(peers[0]).to.deep.include({
        ...{ peer: "192.0.2.2", vrf: null, interface: "eth0", multihop: false },
      });
      const before = await complete();
      await pair.router.stop();
      await eventually("BFD down", async () =>
        (await readBfdPeers(vtysh)).every(({ state }) => state !== "up"),
      );
      const gone = await eventually("no longer Established", async () => {
        const one = await neighbor("192.0.2.2");
        return one.state === "Established" ? undefined : one;
      });
      expect(gone).to.include({ uptimeMs: 0, receivedPrefixes: 0 });
      expect(gone.dropped).to.equal(before.dropped + 1);
    });
  });
