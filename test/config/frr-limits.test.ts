import { expect } from "chai";
import { execa } from "execa";
import type { FrrInstance } from "../../src/lab/frr-instance.ts";
import { FRR_VERSIONS } from "../../src/lab/frr-root.ts";
import { startTestNet } from "../support/router.ts";
import type { TestNet } from "../support/router.ts";

const N = "neighbor 192.0.2.9";
const PEER = [`${N} remote-as 2`];
const long = (n: number): string => "x".repeat(n);

/** Lines inside `router bgp 1`, and whether the last of them is in the running configuration afterwards. */
const CASES: readonly (readonly [rule: string, lines: readonly string[], kept: boolean])[] = [
  ["F6", [...PEER, `${N} timers 9 65536`], false],
  ["F6", [...PEER, `${N} timers 9 65535`], true],
  ["F8", [...PEER, `${N} password a b`], false],
  ["F8", [...PEER, `${N} password a?b!#"$'`], true],
  ["F9", [...PEER, `${N} password ${long(81)}`], false],
  ["F9", [...PEER, `${N} password ${long(80)}`], true],
  ["F13", [...PEER, `${N} local-as 1 no-prepend replace-as`], false],
  ["F13", [...PEER, `${N} local-as 7 no-prepend replace-as`], true],
  ["F14", ["bgp router-id 2001:db8::1"], false],
  ["F14", ["bgp router-id 0.0.0.0"], false],
  ["F14", ["bgp router-id 192.0.2.1"], true],
  ["F15", ["neighbor eth9 interface remote-as external", "neighbor eth9 ebgp-multihop 2"], false],
  ["F15", [...PEER, `${N} ebgp-multihop 2`], true],
  ["V70", [...PEER, `${N} timers 1 2`], false],
  ["V70", [...PEER, `${N} timers 1 3`], true],
  ["V70", [...PEER, `${N} timers 0 0`], true],
];

for (const version of FRR_VERSIONS)
  describe(`The rules about FRR, on FRR ${version}`, function () {
    this.timeout(90_000);
    let net: TestNet;
    let frr: FrrInstance;
    before(async () => {
      net = await startTestNet();
      const { name } = await net.net.namespace("node");
      frr = await net.frr({ name: "node", netns: name, version, config: "", listen: false });
    });
    after(() => net.close());

    const configure = (lines: readonly string[]) =>
      execa(
        frr.vtyshPath,
        ["configure terminal", ...lines].flatMap((line) => ["-c", line]),
        { reject: false, env: { VTYSH_HISTFILE: "/dev/null" } },
      );

    for (const [rule, lines, kept] of CASES)
      it(`${rule}: ${kept ? "takes" : "does not take"} ${(lines.at(-1) ?? "").slice(0, 60)}`, async () => {
        await configure(["router bgp 1", ...lines]);
        const running = (await frr.vtysh("show running-config")).split("\n").map((l) => l.trim());
        await configure(["no router bgp 1"]);
        expect(running.includes(lines.at(-1) ?? "")).to.equal(kept);
      });

    it("F2: takes a profile name of 63 characters, not of 65", async () => {
      for (const length of [63, 65])
        await configure(["bfd", `profile ${long(length)}`, "detect-multiplier 5"]);
      const running = await frr.vtysh("show running-config");
      expect(running).to.match(/profile x{63}\n/);
      expect(running).not.to.match(/profile x{65}/);
    });

    it("F3: the VRF default is none", async () => {
      await configure(["router bgp 1 vrf default"]);
      const running = await frr.vtysh("show running-config");
      expect(running).to.match(/^router bgp 1$/m);
      await configure(["no router bgp 1"]);
    });
  });
