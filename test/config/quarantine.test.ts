import { expect } from "chai";
import { acceptedText, parseAccepted } from "../../src/config/accepted.ts";
import type { Accepted } from "../../src/config/accepted.ts";
import { parseConfig, withRefusals } from "../../src/config/parse.ts";
import type { Parsed } from "../../src/config/parse.ts";
import {
  adv,
  bfd,
  community,
  errorsOf,
  l2,
  node,
  parsed,
  peer,
  pool,
  secret,
  snapshotOf,
} from "./support.ts";
import type { Doc } from "./support.ts";

const after = (before: Parsed | Accepted, ...docs: readonly unknown[]): Parsed =>
  parseConfig(snapshotOf(...docs), { accepted: "accepted" in before ? before.accepted : before });

const poolNames = ({ config }: Parsed): string[] => config.pools.map((p) => p.name);
const peerNames = ({ config }: Parsed): string[] => config.peers.map((p) => p.name);
const acting = (result: Parsed): string[] =>
  result.quarantined.map((q) => `${q.object.kind} ${q.object.name}: ${q.acting}`);
const advertised = ({ config }: Parsed): string[] =>
  config.pools.flatMap((p) => p.bgpAdvertisements.map((a) => `${a.name} on ${p.name}`));

const A = pool("a", "addresses: [10.0.0.0/24]");
const B = pool("b", "addresses: [10.0.1.0/24]");
const at = (day: number): string =>
  `creationTimestamp: "2026-01-${String(day).padStart(2, "0")}T00:00:00Z"`;

describe("An object that turns bad keeps acting in its last accepted version", () => {
  it("a pool with a broken entry", () => {
    const result = after(parsed(A, B), pool("a", "addresses: [10.0.0.0/33]"), B);
    expect(poolNames(result)).to.deep.equal(["a", "b"]);
    expect(acting(result)).to.deep.equal(["IPAddressPool a: lastAccepted"]);
    expect(errorsOf(result)).to.deep.equal(["V26 a spec.addresses[0]"]);
  });

  it("but not for its status: the counters of a huge pool pass 64 bits", () => {
    const status = { assignedIPv4: 0, assignedIPv6: 0, availableIPv4: 0, availableIPv6: 2n ** 64n };
    const huge = { ...pool("a", "addresses: ['2001:db8::/64']"), status };
    expect(errorsOf(parsed(huge))).to.deep.equal([]);
  });

  it("until it is deleted", () => {
    const bad = after(parsed(A, B), pool("a", "addresses: [x]"), B);
    const gone = after(bad, B);
    expect(poolNames(gone)).to.deep.equal(["b"]);
    expect(poolNames(after(gone, pool("a", "addresses: [x]"), B))).to.deep.equal(["b"]);
  });

  it("until it is mended", () => {
    const bad = after(parsed(A), pool("a", "addresses: [x]"));
    const mended = after(bad, pool("a", "addresses: [10.9.0.0/24]"));
    expect(mended.problems).to.deep.equal([]);
    expect(mended.config.pools[0]!.cidrs[0]!.first).to.equal(0x0a090000n);
  });

  it("the same after a restart, from the state directory", () => {
    const bad = [peer("p", "holdTime: 1s, password: secret"), pool("a", "addresses: [x]")];
    const before = parsed(peer("p", "holdTime: 9s, password: secret"), A);
    const kept = parseAccepted(acceptedText(before.accepted));
    expect(after(kept, ...bad).config).to.deep.equal(before.config);
    expect(after(before, ...bad).config).to.deep.equal(before.config);
  });

  it("an edit into another's addresses costs the one that was edited", () => {
    const older = pool("a", "addresses: [10.0.0.0/24]", at(1));
    const younger = pool("b", "addresses: [10.0.1.0/24]", at(2));
    const edited = pool("a", "addresses: [10.0.0.0/23]", at(1));
    const result = after(parsed(older, younger), edited, younger);
    expect(acting(result)).to.deep.equal(["IPAddressPool a: lastAccepted"]);
    expect(errorsOf(result)).to.deep.equal(["V30 a spec.addresses[0]"]);
  });

  it("its addresses stay taken for newcomers", () => {
    const result = after(
      parsed(A),
      pool("a", "addresses: [x]"),
      pool("c", "addresses: [10.0.0.9/32]"),
    );
    expect(acting(result)).to.deep.equal([
      "IPAddressPool a: lastAccepted",
      "IPAddressPool c: nothing",
    ]);
  });

  it("two that swap their addresses are both accepted", () => {
    const swapped = [pool("a", "addresses: [10.0.1.0/24]"), pool("b", "addresses: [10.0.0.0/24]")];
    expect(after(parsed(A, B), ...swapped).problems).to.deep.equal([]);
  });

  it("a swap of which one half is bad leaves both as they were", () => {
    const half = [pool("a", "addresses: [10.0.1.0/24]"), pool("b", "addresses: [10.0.0.0/24, x]")];
    const result = after(parsed(A, B), ...half);
    expect(acting(result)).to.deep.equal([
      "IPAddressPool a: lastAccepted",
      "IPAddressPool b: lastAccepted",
    ]);
    expect(result.config).to.deep.equal(parsed(A, B).config);
  });

  it("a second pass over the same input changes nothing", () => {
    const docs = [pool("a", "addresses: [10.0.1.0/24]"), B, pool("c", "addresses: [10.0.0.9/32]")];
    const first = after(parsed(A, B), ...docs);
    const second = after(first, ...docs);
    expect(second).to.deep.equal(first);
  });
});

describe("What is referred to and goes away (V49, V59, V77, V80)", () => {
  it("a deleted BFDProfile lives on in the peers that use it", () => {
    const p = peer("p", "bfdProfile: fast");
    const result = after(parsed(p, bfd("fast", "detectMultiplier: 5")), p);
    expect(acting(result)).to.deep.equal(["BGPPeer p: lastAccepted"]);
    expect(result.config.bfdProfiles).to.deep.include({
      ...result.config.bfdProfiles[0],
      name: "fast",
      detectMultiplier: 5,
    });
    expect(after(result, p).config).to.deep.equal(result.config);
  });

  it("a BFDProfile that turns bad keeps acting, and its peers see nothing of it", () => {
    const p = peer("p", "bfdProfile: fast");
    const result = after(
      parsed(p, bfd("fast", "detectMultiplier: 5")),
      p,
      bfd("fast", "detectMultiplier: 1"),
    );
    expect(acting(result)).to.deep.equal(["BFDProfile fast: lastAccepted"]);
  });

  it("a deleted alias lives on in the advertisements that use it", () => {
    const docs = [A, adv("adv", "communities: [gold]"), node("n")];
    const before = parsed(
      ...docs,
      community("c", 'communities: [{name: gold, value: "large:1:2:3"}]'),
    );
    const kept = parseAccepted(acceptedText(before.accepted));
    for (const past of [before.accepted, kept]) {
      const result = after(past, ...docs);
      expect(errorsOf(result)).to.deep.equal(["V49 adv spec.communities[0]"]);
      expect(result.config).to.deep.equal(before.config);
    }
  });

  it("a missing alias heals once it is there (S81)", () => {
    const docs = [A, adv("adv", "communities: [no-export]")];
    const bad = parsed(...docs);
    expect(advertised(bad)).to.deep.equal([]);
    const healed = after(
      bad,
      ...docs,
      community("c", 'communities: [{name: no-export, value: "65535:65281"}]'),
    );
    expect(advertised(healed)).to.deep.equal(["adv on a"]);
    expect(errorsOf(healed)).to.deep.equal([]);
  });

  it("a deleted Secret: the session goes on with the password it has", () => {
    const p = peer("p", "passwordSecret: {name: s}");
    const s = secret("s", "type: kubernetes.io/basic-auth, stringData: {password: x}");
    const result = after(parsed(p, s), p);
    expect(errorsOf(result)).to.deep.equal(["V77 p spec.passwordSecret.name"]);
    expect(result.config.peers[0]!.password).to.equal("x");
  });

  it("a rotated Secret changes the password and nothing else", () => {
    const p = peer("p", "passwordSecret: {name: s}");
    const s = (text: string): Doc =>
      secret("s", `type: kubernetes.io/basic-auth, stringData: {password: ${text}}`);
    const result = after(parsed(p, s("x")), p, s("y"));
    expect(result.problems).to.deep.equal([]);
    expect(result.config.peers[0]!.password).to.equal("y");
  });

  it("each dependant of a profile that was never good has a problem of its own", () => {
    const result = parsed(
      bfd("b", "detectMultiplier: 1"),
      peer("p", "bfdProfile: b"),
      peer("q", "peerAddress: 10.0.0.2"),
    );
    expect(peerNames(result)).to.deep.equal(["q"]);
    expect(result.problems.filter((p) => p.object.name === "p").map((p) => p.code)).to.deep.equal([
      "bfdProfileLeftOut",
    ]);
  });

  it("an advertisement of a pool that is left out says so", () => {
    const result = parsed(
      pool("a", "addresses: [x]"),
      l2("l", "ipAddressPools: [a]"),
      adv("adv", "ipAddressPools: [a]"),
    );
    expect(result.problems.map((p) => p.code)).to.have.members([
      "badCidr",
      "poolLeftOut",
      "poolLeftOut",
    ]);
  });
});

describe("Of two in conflict the older stays", () => {
  const cases: [given: string, docs: Doc[], loser: string][] = [
    [
      "by creation time",
      [pool("a", "addresses: [10.0.0.0/24]", at(2)), pool("b", "addresses: [10.0.0.0/24]", at(1))],
      "IPAddressPool a: nothing",
    ],
    [
      "by name at the same time",
      [pool("b", "addresses: [10.0.0.0/24]", at(1)), pool("a", "addresses: [10.0.0.0/24]", at(1))],
      "IPAddressPool b: nothing",
    ],
    [
      "by name without times",
      [pool("b", "addresses: [10.0.0.0/24]"), pool("a", "addresses: [10.0.0.0/24]")],
      "IPAddressPool b: nothing",
    ],
    [
      "one with a time before one without",
      [pool("a", "addresses: [10.0.0.0/24]"), pool("b", "addresses: [10.0.0.0/24]", at(9))],
      "IPAddressPool a: nothing",
    ],
    ["peers", [peer("p", "", at(2)), peer("q", "", at(1))], "BGPPeer p: nothing"],
    [
      "aliases",
      [
        community("c", 'communities: [{name: x, value: "1:1"}]', at(2)),
        community("d", 'communities: [{name: x, value: "1:1"}]', at(1)),
      ],
      "Community c: nothing",
    ],
    [
      "LOCAL_PREF",
      [A, node("n"), adv("v", "localPref: 1", at(2)), adv("w", "localPref: 2", at(1))],
      "BGPAdvertisement v: nothing",
    ],
  ];
  for (const [given, docs, loser] of cases)
    it(given, () => {
      expect(acting(parsed(...docs))).to.deep.equal([loser]);
      expect(acting(parsed(...[...docs].reverse()))).to.deep.equal([loser]);
    });

  it("one that acts and is edited before one that is new, whatever their times say", () => {
    const before = parsed(pool("b", "addresses: [10.0.0.0/24]"));
    const edited = pool("b", "addresses: [10.0.0.0/23]");
    const result = after(before, edited, pool("a", "addresses: [10.0.1.0/24]", at(1)));
    expect(acting(result)).to.deep.equal(["IPAddressPool a: nothing"]);
    expect(poolNames(result)).to.deep.equal(["b"]);
  });
});

describe("Advertisements beside pools and peers of different age", () => {
  it("an advertisement younger than the pool is left out (V43)", () => {
    const result = parsed(
      pool("a", "addresses: [10.0.0.0/28]", at(1)),
      B,
      adv("adv", "aggregationLength: 24", at(2)),
    );
    expect(advertised(result)).to.deep.equal([]);
  });
  it("a pool younger than the advertisement is not announced by it", () => {
    const result = parsed(
      pool("a", "addresses: [10.0.0.0/28]", at(3)),
      pool("b", "addresses: [10.0.1.0/24]", at(1)),
      adv("adv", "aggregationLength: 24", at(2)),
    );
    expect(poolNames(result)).to.deep.equal(["a", "b"]);
    expect(advertised(result)).to.deep.equal(["adv on b"]);
    expect(errorsOf(result)).to.deep.equal(["V43 adv spec.aggregationLength"]);
  });
  it("an advertisement in force goes on where nothing is wrong", () => {
    const broad = adv("adv", "aggregationLength: 24");
    const result = after(parsed(B, broad), B, pool("a", "addresses: [10.0.0.0/28]"), broad);
    expect(advertised(result)).to.deep.equal(["adv on b"]);
  });
  it("a new echo peer gives way to the advertisement in force (V56)", () => {
    const six = pool("six", 'addresses: ["2001:db8::/64"]');
    const base = [six, adv("adv", ""), node("n"), peer("p", "")];
    const bad = [bfd("e", "echoMode: true"), peer("q", "peerAddress: 10.0.0.2, bfdProfile: e")];
    const result = after(parsed(...base), ...base, ...bad);
    expect(peerNames(result)).to.deep.equal(["p"]);
    expect(advertised(result)).to.deep.equal(["adv on six"]);
    expect(errorsOf(result)).to.deep.equal(["V56 q spec.bfdProfile"]);
  });
  it("a profile that is switched to echo keeps its last accepted version", () => {
    const base = [
      pool("six", 'addresses: ["2001:db8::/64"]'),
      adv("adv", ""),
      node("n"),
      peer("p", "bfdProfile: e"),
    ];
    const result = after(parsed(...base, bfd("e", "")), ...base, bfd("e", "echoMode: true"));
    expect(acting(result)).to.deep.equal(["BFDProfile e: lastAccepted"]);
    expect(result.config.bfdProfiles[0]!.echoMode).to.equal(false);
  });
});

describe("What FRR refuses", () => {
  const refusal = (name: string) => [
    {
      objects: [{ kind: "BGPPeer", namespace: "metallb-system", name }],
      words: "% Unknown command",
    },
  ];

  it("is left out while it is as it was, and tried again once it is edited", () => {
    const docs = [peer("p", "holdTime: 9s"), peer("q", "peerAddress: 10.0.0.2")];
    const first = parsed(...docs);
    const refused = withRefusals(new Map(), first, refusal("p"));
    const result = parseConfig(snapshotOf(...docs), { refused });
    expect(peerNames(result)).to.deep.equal(["q"]);
    expect(result.problems[0]).to.include({ code: "frrRefused", severity: "error" });
    const edited = parseConfig(snapshotOf(peer("p", "holdTime: 12s"), docs[1]), { refused });
    expect(peerNames(edited)).to.deep.equal(["p", "q"]);
  });

  it("goes back to the last accepted version, and out when that is refused too", () => {
    const before = parsed(peer("p", "holdTime: 9s"));
    const now = snapshotOf(peer("p", "holdTime: 12s"));
    const first = parseConfig(now, { accepted: before.accepted });
    let refused = withRefusals(new Map(), first, refusal("p"));
    const second = parseConfig(now, { accepted: before.accepted, refused });
    expect(second.config.peers[0]!.timers!.holdTimeS).to.equal(9);
    refused = withRefusals(refused, second, refusal("p"));
    expect(peerNames(parseConfig(now, { accepted: before.accepted, refused }))).to.deep.equal([]);
  });

  it("extras are left out whole", () => {
    const map = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "bgpextras", namespace: "metallb-system" },
      data: { extras: "bogus line" },
    };
    const first = parsed(map);
    expect(first.config.extras).to.equal("bogus line");
    const refused = withRefusals(new Map(), first, [
      {
        objects: [{ kind: "ConfigMap", namespace: "metallb-system", name: "bgpextras" }],
        words: "% Unknown command",
      },
    ]);
    expect(parseConfig(snapshotOf(map), { refused }).config.extras).to.equal(null);
  });
});

describe("The state directory's text", () => {
  it("holds no password", () => {
    const s = secret("s", "type: kubernetes.io/basic-auth, stringData: {password: fromsecret}");
    const { accepted } = parsed(
      peer("p", "password: fromfield"),
      peer("q", "peerAddress: 10.0.0.2, passwordSecret: {name: s}"),
      s,
    );
    expect(acceptedText(accepted)).not.to.match(/fromfield|fromsecret/);
    expect(accepted.passwords.size).to.equal(2);
  });
  for (const text of [
    "",
    "{",
    "null",
    "[]",
    '{"version":2}',
    '{"version":1,"objects":[[1,2],["x"],7]}',
  ])
    it(`${JSON.stringify(text)} means that nothing usable was accepted`, () => {
      const accepted = parseAccepted(text);
      expect(after(accepted, A).problems).to.deep.equal([]);
    });
});
