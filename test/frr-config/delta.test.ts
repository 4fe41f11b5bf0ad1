import { expect } from "chai";
import fc from "fast-check";
import { deltaFor } from "../../src/frr-config/delta.ts";
import { maskLine } from "../../src/frr-config/mask.ts";
import { parseTree } from "../../src/frr-config/tree.ts";
import { parseFrrVersion } from "../../src/frr-config/version.ts";
import { modelArb, renderModel } from "../support/frr-model.ts";

const delta = (running: string, desired: string, ours = "") =>
  deltaFor(parseTree(running), parseTree(desired), { ours: parseTree(ours) });
const commands = (running: string, desired: string, ours = ""): readonly string[] =>
  delta(running, desired, ours).commands.map(({ text }) => text);

const bgp = (...lines: readonly string[]): string =>
  `router bgp 64500\n${lines.map((line) => ` ${line}\n`).join("")}exit\n`;
const P = "neighbor 192.0.2.2";
const BORN = `${P} remote-as 64501`;

describe("the delta between two configurations", () => {
  it("is empty between equal ones, however they are written", () => {
    fc.assert(
      fc.property(modelArb, (model) => {
        const text = renderModel(model);
        expect(commands(text, text)).to.deep.equal([]);
      }),
    );
  });

  it("never ends an instance that stays, and never one before its neighbours", () => {
    fc.assert(
      fc.property(modelArb, modelArb, (a, b) => {
        const [from, to] = [renderModel(a), renderModel(b)];
        const lines = commands(from, to, from);
        for (const [i, line] of lines.entries()) {
          const ended = /^no (router bgp .*)$/.exec(line)?.[1];
          if (ended === undefined) continue;
          expect(`\n${to}`).not.to.contain(`\n${ended}\n`);
          expect(lines.slice(0, i).some((l) => l.startsWith(" no neighbor "))).to.equal(true);
        }
      }),
    );
  });

  const cases: [what: string, running: string, desired: string, lines: readonly string[]][] = [
    [
      "a setting taken back",
      bgp(BORN, `${P} timers 30 90`),
      bgp(BORN),
      ["router bgp 64500", ` no ${P} timers`],
    ],
    [
      "another's policy replaced: the prefixes that stay have their class before",
      bgp(
        BORN,
        "address-family ipv4 unicast",
        ` ${P} route-map THEIRS out`,
        " network 203.0.113.1/32",
        " network 203.0.113.2/32",
        "exit-address-family",
      ),
      bgp(
        BORN,
        "address-family ipv4 unicast",
        ` ${P} route-map OURS out`,
        " network 203.0.113.1/32 route-map C",
        " network 203.0.113.3/32 route-map C",
        "exit-address-family",
      ),
      [
        "router bgp 64500",
        " address-family ipv4 unicast",
        "  network 203.0.113.1/32 route-map C",
        `  ${P} route-map OURS out`,
        "  no network 203.0.113.2/32",
        "  network 203.0.113.3/32 route-map C",
      ],
    ],
    [
      "a setting replaced",
      bgp(BORN, `${P} timers 30 90`),
      bgp(BORN, `${P} timers 20 60`),
      ["router bgp 64500", ` ${P} timers 20 60`],
    ],
    [
      "BFD ended, profile and all",
      bgp(BORN, `${P} bfd`, `${P} bfd profile A`),
      bgp(BORN),
      ["router bgp 64500", ` no ${P} bfd`],
    ],
    [
      "only the profile ended",
      bgp(BORN, `${P} bfd`, `${P} bfd profile A`),
      bgp(BORN, `${P} bfd`),
      ["router bgp 64500", ` no ${P} bfd profile A`],
    ],
    ["a neighbour ended", bgp(BORN, `${P} timers 30 90`), bgp(), ["router bgp 64500", ` no ${P}`]],
    [
      "an unnumbered neighbour ended",
      bgp("neighbor eth1 interface remote-as external"),
      bgp(),
      ["router bgp 64500", " no neighbor eth1 interface"],
    ],
    [
      "another AS number",
      bgp(BORN),
      "router bgp 64999\nexit\n",
      ["router bgp 64500", ` no ${P}`, "no router bgp 64500", "router bgp 64999"],
    ],
    [
      "a profile value without a no form",
      "bfd\n profile A\n  detect-multiplier 5\n",
      "bfd\n profile A\n",
      ["bfd", " profile A", "  detect-multiplier 3"],
    ],
    [
      "lines of others",
      "interface eth1\n ipv6 nd ra-interval 10\nexit\nip route 192.0.2.0/24 blackhole\n",
      "",
      [],
    ],
    ["a debug switched on by hand", "debug bgp nht\n", "", ["no debug bgp nht"]],
    [
      "a route-map of ours that nobody uses",
      "route-map ferrolb-x permit 1\nexit\nroute-map theirs permit 1\nexit\n",
      "",
      ["no route-map ferrolb-x permit 1"],
    ],
    [
      "a line that says no",
      bgp("no bgp network import-check"),
      bgp(),
      ["router bgp 64500", " bgp network import-check"],
    ],
  ];
  for (const [what, running, desired, lines] of cases)
    it(what, () => expect(commands(running, desired)).to.deep.equal(lines));

  it("takes back lines of others' contexts that we had written", () =>
    expect(
      commands("ip route 192.0.2.0/24 blackhole\n", "", "ip route 192.0.2.0/24 blackhole\n"),
    ).to.deep.equal(["no ip route 192.0.2.0/24 blackhole"]));

  it("enters a family with its policies in place, and leaves it before they go", () => {
    const family = ` address-family ipv4 unicast\n  ${P} activate\n  ${P} route-map I in\n exit-address-family\n`;
    const [without, with_] = [bgp(BORN), bgp(BORN).replace("exit\n", `${family}exit\n`)];
    expect(commands(without, with_).slice(2)).to.deep.equal([
      `  ${P} route-map I in`,
      `  ${P} activate`,
    ]);
    expect(commands(with_, without).slice(2)).to.deep.equal([
      `  no ${P} activate`,
      `  no ${P} route-map I in`,
    ]);
  });

  it("holds back what bgpd would do in the middle of a change to a policy in use", () => {
    const text = (community: string): string =>
      `route-map ferrolb-o permit 1\n set community ${community} additive\nexit\n${bgp(BORN)}`.replace(
        /exit\n$/,
        ` address-family ipv4 unicast\n  ${P} route-map ferrolb-o out\n exit-address-family\nexit\n`,
      );
    const lines = commands(text("1:1"), text("1:2"));
    expect(lines[0]).to.equal("bgp route-map delay-timer 600");
    expect(lines.slice(-2)).to.deep.equal([
      "bgp route-map delay-timer 0",
      "no bgp route-map delay-timer",
    ]);
  });
});

describe("effects", () => {
  const resets: [line: string, version: string, resets: boolean][] = [
    [`${P} password one`, "8.4.4", true],
    [`${P} local-as 64999 no-prepend replace-as`, "8.4.4", true],
    [`${P} update-source 192.0.2.1`, "8.4.4", true],
    [`${P} ebgp-multihop 255`, "8.4.4", true],
    [`${P} port 1790`, "8.4.4", true],
    [`${P} disable-connected-check`, "8.4.4", true],
    ["bgp router-id 192.0.2.1", "8.4.4", true],
    [`${P} timers 30 90`, "8.4.4", false],
    [`${P} timers connect 5`, "8.4.4", false],
    [`${P} bfd`, "8.4.4", false],
    [`${P} graceful-restart`, "8.4.4", false],
    [`${P} graceful-restart`, "10.3", true],
    [`${P} description x`, "10.3", false],
  ];
  for (const [line, version, then] of resets)
    it(`${line} on ${version} ${then ? "resets" : "leaves"} the session`, () => {
      const { effects } = delta(`frr version ${version}\n${bgp(BORN)}`, bgp(BORN, line));
      expect(effects.sessionsReset.map(({ peer }) => peer)).to.deep.equal(
        then ? ["192.0.2.2"] : [],
      );
    });
});

describe("secrets", () => {
  const cases: [line: string, then: string][] = [
    [" neighbor 192.0.2.2 password a b", " neighbor 192.0.2.2 password ********"],
    ["password 8 abc", "password ********"],
    ["enable password abc", "enable password ********"],
    [" ip ospf message-digest-key 1 md5 abc", " ip ospf message-digest-key 1 md5 ********"],
    [" neighbor 192.0.2.2 remote-as 64501", " neighbor 192.0.2.2 remote-as 64501"],
    [" no neighbor 192.0.2.2 password", " no neighbor 192.0.2.2 password"],
  ];
  for (const [line, then] of cases) it(line.trim(), () => expect(maskLine(line)).to.equal(then));
});

describe("versions", () => {
  for (const [text, then] of [
    ["8.4.4", [8, 4, 4]],
    ["FRRouting 10.3-dev", [10, 3, 0]],
    ["none", null],
  ] as const)
    it(text, () => {
      const version = parseFrrVersion(text);
      expect(version === null ? null : [version.major, version.minor, version.patch]).to.deep.equal(
        then,
      );
    });
});
