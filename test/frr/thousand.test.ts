/**
 * A thousand Services, and one more or one less: one UPDATE at the router, for that prefix alone. `FERROLB_CHANGES` sets how many (default 20), as captured on the router's side.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { execa } from "execa";
import { FRR_VERSIONS } from "../../src/lab/frr-root.ts";
import { netnsCalled } from "../../src/lab/netns.ts";
import { engineOn } from "../support/engine.ts";
import { established, routes, startPair } from "../support/router.ts";
import { eventually } from "../support/wait.ts";

const CHANGES = Number(process.env["FERROLB_CHANGES"] ?? 20);
const SERVICES = 1000;
/** A quarter IPv4, the rest IPv6, all of the documentation ranges. */
const addressOf = (i: number): string =>
  i < 256
    ? `198.51.100.${i}/32`
    : i < 512
      ? `203.0.113.${i - 256}/32`
      : `2001:db8:10::${i.toString(16)}/128`;
const networks = (prefixes: Iterable<number>, isV6: boolean): string =>
  [...prefixes]
    .filter((i) => i >= 512 === isV6)
    .map((i) => `  network ${addressOf(i)} route-map ferrolb-c7\n`)
    .join("");

const text = (prefixes: readonly number[]): string => `bgp route-map delay-timer 1
route-map ferrolb-in deny 1
exit
route-map ferrolb-c7 permit 1
 set tag 7
exit
route-map ferrolb-out permit 7
 match tag 7
 set community 64500:7 additive
exit
route-map ferrolb-out deny 65535
exit
router bgp 64500
 no bgp ebgp-requires-policy
 no bgp default ipv4-unicast
 no bgp network import-check
 neighbor 192.0.2.2 remote-as 64501
 neighbor 192.0.2.2 timers connect 1
 address-family ipv4 unicast
${networks(prefixes, false)}  neighbor 192.0.2.2 activate
  neighbor 192.0.2.2 route-map ferrolb-in in
  neighbor 192.0.2.2 route-map ferrolb-out out
 exit-address-family
 address-family ipv6 unicast
${networks(prefixes, true)}  neighbor 192.0.2.2 activate
  neighbor 192.0.2.2 route-map ferrolb-in in
  neighbor 192.0.2.2 route-map ferrolb-out out
 exit-address-family
exit
`;
const ROUTER = `router bgp 64501
 no bgp ebgp-requires-policy
 neighbor 192.0.2.1 remote-as 64500
 address-family ipv6 unicast
  neighbor 192.0.2.1 activate
 exit-address-family
exit
`;

for (const version of FRR_VERSIONS)
  it(`${SERVICES} Services on FRR ${version}: one change is one UPDATE, ${CHANGES} times`, async function () {
    this.timeout(600_000);
    const pair = await startPair(version, { node: "", router: ROUTER, routerVersion: "10.3" });
    try {
      // From the first packet on: what TCP sends again is told from what bgpd sends again by what came before.
      const file = join(pair.dir, "bgp.pcap");
      const capture = netnsCalled(pair.routerNs).spawn(
        ...([
          "tcpdump",
          "-Z",
          "root",
          "-i",
          "eth0",
          "-U",
          "-w",
          file,
          "src 192.0.2.1 and tcp port 179",
        ] as const),
      );
      await eventually("the capture", () => readFileSync(file).length > 0);
      const engine = engineOn(pair.node, { timeoutMs: 30_000 });
      const announced = new Set(Array.from({ length: SERVICES }, (_, i) => i * 2));
      await engine.bringTo(text([...announced]));
      await established(pair.router);
      const count = async (): Promise<number> =>
        (await routes(pair.router, "ipv4")).size + (await routes(pair.router, "ipv6")).size;
      await eventually("all routes", async () => (await count()) === SERVICES, 60_000);
      const before = await settledUpdates(file);

      const wanted: string[] = [];
      for (let n = 0; n < CHANGES; n++) {
        // A place that moves over the whole range, between others and at both ends.
        const place = (n * 7919 + (n % 2)) % (SERVICES * 2);
        const withdraw = announced.has(place);
        if (withdraw) announced.delete(place);
        else announced.add(place);
        const applied = await engine.bringTo(text([...announced].sort((a, b) => a - b)));
        expect(applied).to.include({ kind: "applied", commands: 3 });
        await eventually(
          "the change at the router",
          async () => (await count()) === announced.size,
        );
        wanted.push(`${withdraw ? "-" : "+"}${addressOf(place).replace(/\/.*/, "")}`);
      }
      // What was captured reaches the file with a delay; what should not come is given time to.
      await eventually(
        "the last UPDATE",
        async () => (await updatesIn(file)).length >= before + CHANGES,
      );
      await sleep(1000);
      capture.kill();
      await capture.ended;
      expect((await updatesIn(file)).slice(before)).to.deep.equal(wanted);
      const shown = await pair.router.vtysh("show bgp neighbors 192.0.2.1 json");
      expect(shown).to.match(/"connectionsDropped":\s*0/);
      await engine.close();
    } finally {
      await pair.close();
    }
  });

/** How many UPDATEs there are once no more come: a capture reaches its file with a delay. */
async function settledUpdates(file: string): Promise<number> {
  let before = 0;
  for (;;) {
    const now = (await updatesIn(file)).length;
    if (now === before && now > 0) return now;
    before = now;
    await sleep(1000);
  }
}

/** Each UPDATE of a capture in one string: `+` its prefixes, `-` those withdrawn. */
async function updatesIn(file: string): Promise<readonly string[]> {
  const fields = [
    ...["bgp.nlri_prefix", "bgp.mp_reach_nlri_ipv6_prefix"],
    ...["bgp.withdrawn_prefix", "bgp.mp_unreach_nlri_ipv6_prefix"],
  ];
  const args = ["-r", file, "-Y", "bgp.type == 2", "-T", "fields"];
  // A capture that is being written ends in the middle of a packet now and then.
  const { stdout } = await execa("tshark", [...args, ...fields.flatMap((f) => ["-e", f])], {
    reject: false,
  });
  const signed = (list: string, sign: string): readonly string[] =>
    list
      .split(",")
      .filter((prefix) => prefix !== "")
      .map((prefix) => sign + prefix);
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.split("\t"))
    .map(([v4 = "", v6 = "", gone4 = "", gone6 = ""]) =>
      [...signed(v4, "+"), ...signed(v6, "+"), ...signed(gone4, "-"), ...signed(gone6, "-")].join(),
    );
}
