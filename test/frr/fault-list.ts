/**
 * Lines that a real bgpd, zebra or bfdd refuses, or takes without a word and does not keep; and what must
 * have happened after each.
 */
import { expect } from "chai";
import type { Applied, Desired } from "../../src/api/frr-desired.ts";
import { BASE } from "../support/frr-base.ts";
import { renderModel } from "../support/frr-model.ts";

export const TEXT = renderModel(BASE);
const V4 = " neighbor 192.0.2.2";
const AFTER_ROUTER = "router bgp 64500\n";
const IN_IPV4 = " address-family ipv4 unicast\n";
const IN_PROFILE = " profile FAST\n";
const IN_MAP = /( match tag \d+\n)/;

/** What is written, after what; the refused line is the last one written. */
export type Fault = readonly [name: string, after: string | RegExp, lines: string];

export const FAULTS: readonly Fault[] = [
  ["a hold time of 1 s", `${V4} timers 30 90\n`, `${V4} timers 0 1\n`],
  ["a hold time of 2 s", `${V4} timers 30 90\n`, `${V4} timers 0 2\n`],
  ["local-as equal to our AS", `${V4} timers 30 90\n`, `${V4} local-as 64500\n`],
  [
    "multihop on an interface",
    "neighbor eth1 timers 30 90\n",
    " neighbor eth1 ebgp-multihop 255\n",
  ],
  [
    "multihop on iBGP, silently",
    "neighbor 198.51.100.2 timers 30 90\n",
    " neighbor 198.51.100.2 ebgp-multihop 255\n",
  ],
  ["an unknown word", `${V4} timers 30 90\n`, `${V4} foo\n`],
  ["AS 0", `${V4} timers 30 90\n`, " neighbor 192.0.2.60 remote-as 0\n"],
  ["an AS of 33 bits", `${V4} timers 30 90\n`, " neighbor 192.0.2.60 remote-as 4294967296\n"],
  ["port 70000", `${V4} timers 30 90\n`, `${V4} port 70000\n`],
  [
    "a connect time of 70000 s",
    "neighbor eth1 timers 30 90\n",
    " neighbor eth1 timers connect 70000\n",
  ],
  ["an update source in no form", `${V4} timers 30 90\n`, `${V4} update-source 192.0.2.1/24\n`],
  ["a password of 300 characters", `${V4} timers 30 90\n`, `${V4} password ${"x".repeat(300)}\n`],
  [
    "our own address as a neighbour",
    `${V4} timers 30 90\n`,
    " neighbor 192.0.2.1 remote-as 64501\n",
  ],
  ["a neighbour without an AS", `${V4} timers 30 90\n`, " neighbor 192.0.2.61 timers connect 5\n"],
  [
    "connected check off on an interface",
    "neighbor eth1 timers 30 90\n",
    " neighbor eth1 disable-connected-check\n",
  ],
  ["a router ID that is no address", AFTER_ROUTER, " bgp router-id 300.1.1.1\n"],
  ["an unknown option of the instance", AFTER_ROUTER, " bgp nonsense\n"],
  ["an address that is none", IN_IPV4, "  network 203.0.113.300/32\n"],
  ["a prefix with host bits, silently", IN_IPV4, "  network 203.0.113.9/24\n"],
  ["a prefix of 33 bits", IN_IPV4, "  network 203.0.113.9/33\n"],
  ["a policy in no direction", IN_IPV4, "  neighbor 192.0.2.2 route-map X sideways\n"],
  ["an unknown neighbour in a family", IN_IPV4, "  neighbor 192.0.2.62 activate\n"],
  ["a prefix of the other family", IN_IPV4, "  network 2001:db8::/64\n"],
  ["a community out of range", IN_MAP, " set community 70000:1 additive\n"],
  [
    "a prefix list entry that is none",
    /^(!\n)/m,
    "ip prefix-list EXTRA seq 5 permit 300.0.0.0/8\n",
  ],
  ["a tag of 33 bits", /^(!\n)/m, "route-map ferrolb-x permit 1\n set tag 4294967296\n"],
  ["an unknown action in a route-map", IN_MAP, " set nonsense 1\n"],
  ["a route-map entry 65536", /^(!\n)/m, "route-map ferrolb-x permit 65536\n"],
  ["a BFD interval of 5 ms", IN_PROFILE, "  receive-interval 5\n"],
  ["a detect multiplier of 256", IN_PROFILE, "  detect-multiplier 256\n"],
  ["a minimum TTL of 255", IN_PROFILE, "  minimum-ttl 255\n"],
  ["an unknown log level", /^(!\n)/m, "log stdout loud\n"],
  ["an unknown debug", /^(!\n)/m, "debug bgp nonsense\n"],
  ["a second AS in one VRF", /^(!\n)/m, "router bgp 64999\n"],
];

/** Written after the first match; a setting that is there already is replaced, as a template would. */
function faulty(after: string | RegExp, lines: string): string {
  const out = TEXT.replace(after, (found) => found + lines);
  expect(out).not.to.equal(TEXT);
  return /timers 0 [12]\n$/.test(lines)
    ? out.replace(`${V4} timers 30 90\n`, "")
    : lines.includes("detect-multiplier 256")
      ? out.replace("  detect-multiplier 5\n", "")
      : lines.includes("log stdout loud")
        ? out.replace("log stdout informational\n", "")
        : lines.includes("bgp router-id 300")
          ? out.replace(" bgp router-id 10.1.1.3\n", "")
          : out.replace(
              /( match tag \d+\n set (?:community 70000:1|local-preference 4\d+).*\n) set community .*\n/,
              "$1",
            );
}

/** An engine, or something that should fail where one is right. */
export interface UnderTest {
  readonly apply: (desired: Desired) => Promise<Applied>;
  /** `show running-config`, asked past the engine. */
  readonly running: () => Promise<string>;
}

/** @throws AssertionError unless the fault is refused, its line named, and the state before in force */
export async function checkFault(
  { apply, running }: UnderTest,
  [, after, lines]: Fault,
): Promise<void> {
  const before = await running();
  const culprit = lines.trim().split("\n").at(-1)!.trim();
  const outcome = await apply({
    text: faulty(after, lines),
    originOf: (path) => [{ kind: "BGPPeer", namespace: "test", name: path.at(-1) ?? "" }],
  });
  expect(outcome.kind).to.equal("refused");
  if (outcome.kind !== "refused") return;
  const named = outcome.refusals.flatMap(({ objects }) => objects.map((o) => o.name));
  expect(named).to.include(culprit);
  expect(outcome.refusals.map(({ words }) => words).join("")).not.to.equal("");
  expect(await running()).to.equal(before);
}
