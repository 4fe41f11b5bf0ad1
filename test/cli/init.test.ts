import { expect } from "chai";
import { Ajv } from "ajv";
import { readFileSync } from "node:fs";
import { Command } from "commander";
import { verdictOf } from "../../src/cli/exit.ts";
import { register } from "../../src/cli/init.ts";
import { ensureBundle, ferrolb } from "../support/bundle.ts";

const INIT = ["init", "--range"];

describe("ferrolb init", function () {
  this.timeout(120_000);
  before(() => ensureBundle());

  const good: [what: string, args: string[], kinds: string[], pools: number][] = [
    [
      "the range of a home network",
      ["192.0.2.200-192.0.2.250"],
      ["IPAddressPool", "L2Advertisement"],
      51,
    ],
    [
      "several ranges of both families",
      ["192.0.2.10-192.0.2.11, 203.0.113.0/30,2001:db8::1-2001:db8::2,198.51.100.7"],
      ["IPAddressPool", "L2Advertisement"],
      9,
    ],
    [
      "routers",
      [
        "203.0.113.0/29",
        "--no-l2",
        "--my-asn",
        "64500",
        "--peer-asn",
        "4200000000",
        "--peer",
        "192.0.2.1",
        "--peer",
        "192.0.2.2",
      ],
      ["IPAddressPool", "BGPPeer", "BGPPeer", "BGPAdvertisement"],
      8,
    ],
    [
      "the argument of microk8s enable metallb",
      ["192.168.1.200-192.168.1.250"],
      ["IPAddressPool", "L2Advertisement"],
      51,
    ],
    [
      "both, on one interface",
      [
        "203.0.113.0/29",
        "--interface",
        "eth1",
        "--my-asn",
        "1",
        "--peer-asn",
        "2",
        "--peer",
        "192.0.2.1",
      ],
      ["IPAddressPool", "L2Advertisement", "BGPPeer", "BGPAdvertisement"],
      8,
    ],
  ];
  for (const [what, args, kinds, addresses] of good)
    it(`${what}: valid, and gives as many addresses`, async () => {
      const { stdout, exitCode, stderr } = await ferrolb([...INIT, ...args]);
      expect(exitCode, stderr).to.equal(0);
      expect([...stdout.matchAll(/^kind: (\w+)/gm)].map((m) => m[1])).to.deep.equal(kinds);
      const valid = await ferrolb(["validate", "-f", "-"], { input: stdout });
      expect(valid.exitCode, valid.stdout).to.equal(0);
      const counted = await ferrolb(["allocate", "-f", "-", "-o", "json"], { input: stdout });
      const { pools } = JSON.parse(counted.stdout) as {
        pools: Record<string, { availableIPv4: number; availableIPv6: number }>;
      };
      const { availableIPv4 = 0, availableIPv6 = 0 } = pools["default"] ?? {};
      expect(availableIPv4 + availableIPv6).to.equal(addresses);
    });

  it("-o json: one document, to its schema", async () => {
    const { stdout } = await ferrolb([...INIT, "203.0.113.0/24", "-o", "json"]);
    const fits = new Ajv().compile(
      JSON.parse(readFileSync("docs/schemas/init.schema.json", "utf8")) as object,
    );
    expect(fits(JSON.parse(stdout)), JSON.stringify(fits.errors)).to.equal(true);
    const valid = await ferrolb(["validate", "-f", "-"], { input: stdout });
    expect(valid.exitCode, valid.stdout).to.equal(0);
  });

  const bad: [what: string, args: string[], words: RegExp][] = [
    ["no range", [""], /at least one range/],
    ["no address", ["hello"], /"hello" is no range/],
    ["a range that runs backwards", ["192.0.2.50-192.0.2.10"], /is no range/],
    ["two families in one range", ["192.0.2.1-2001:db8::1"], /is no range/],
    ["a prefix that is too long", ["192.0.2.0/33"], /is no range/],
    ["overlapping ranges", ["192.0.2.0/24,192.0.2.9-192.0.2.12"], /overlaps 192\.0\.2\.0\/24/],
    ["loopback", ["127.0.0.1-127.0.0.9"], /loopback/],
    ["multicast", ["224.0.0.0/24"], /multicast/],
    ["everything", ["0.0.0.0/0"], /no Service can have/],
    ["link-local IPv6", ["fe80::/64"], /link-local/],
    ["a line of YAML", ["192.0.2.0/24\nkind: Pod"], /is no range/],
    ["a peer without numbers", ["203.0.113.0/24", "--peer", "192.0.2.1"], /--my-asn/],
    ["numbers without a peer", ["203.0.113.0/24", "--my-asn", "1"], /for --peer/],
    ["an AS number that is none", ["203.0.113.0/24", "--my-asn", "0"], /not an AS number/],
    [
      "a peer that is no address",
      ["203.0.113.0/24", "--peer", "router", "--my-asn", "1", "--peer-asn", "2"],
      /no IP address/,
    ],
    [
      "the router inside the range",
      ["203.0.113.0/24", "--peer", "203.0.113.1", "--my-asn", "1", "--peer-asn", "2"],
      /router's address/,
    ],
    ["nothing that announces", ["203.0.113.0/24", "--no-l2"], /nothing would announce/],
    ["a name that is none", ["203.0.113.0/24", "--name", "Big Pool"], /is no name/],
  ];
  for (const [what, args, words] of bad)
    it(`refuses ${what}, exit 2, and prints nothing`, async () => {
      const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
      register(program);
      // The flags of a command made by a program are set up as the launcher does it.
      for (const command of program.commands) command.copyInheritedSettings(program);
      let refusal: unknown;
      try {
        await program.parseAsync([...INIT, ...args], { from: "user" });
      } catch (error) {
        refusal = error;
      }
      expect(verdictOf(refusal).code).to.equal(2);
      expect(String(refusal)).to.match(words);
    });

  it("says so as a command too", async () => {
    const { stdout, exitCode, stderr } = await ferrolb([...INIT, "192.0.2.50-192.0.2.10"]);
    expect([exitCode, stdout]).to.deep.equal([2, ""]);
    expect(stderr).to.match(/is no range/);
  });
});
