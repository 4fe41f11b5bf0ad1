import { expect } from "chai";
import fc from "fast-check";
import { normalise } from "../../src/frr-config/normalise.ts";
import { formatTree, parseTree, paths, sameTree } from "../../src/frr-config/tree.ts";
import { modelArb, renderModel } from "../support/frr-model.ts";

const lines = (text: string): readonly string[] =>
  [...paths(parseTree(text))].map((path) => path.join(" > "));

describe("frr.conf as a tree", () => {
  const cases: [given: string, text: string, then: readonly string[]][] = [
    [
      "what vtysh prints around",
      "Building configuration...\n\nCurrent configuration:\n!\nlog stdout\nend\n",
      ["log stdout"],
    ],
    [
      "a family inside an instance",
      "router bgp 1\n address-family ipv4 unicast\n  network 192.0.2.0/24\n exit-address-family\nexit\nlog stdout\n",
      [
        "router bgp 1",
        "router bgp 1 > address-family ipv4 unicast",
        "router bgp 1 > address-family ipv4 unicast > network 192.0.2.0/24",
        "log stdout",
      ],
    ],
    [
      "no indentation and no exit",
      "router bgp 1\nneighbor eth0 interface remote-as 2\nroute-map A permit 1\nset tag 1\nip prefix-list X seq 5 permit any\n",
      [
        "router bgp 1",
        "router bgp 1 > neighbor eth0 interface remote-as 2",
        "route-map A permit 1",
        "route-map A permit 1 > set tag 1",
        "ip prefix-list X seq 5 permit any",
      ],
    ],
    [
      "two profiles",
      "bfd\n profile A\n  passive-mode\n exit\n !\n profile B\n exit\nexit\n",
      ["bfd", "bfd > profile A", "bfd > profile A > passive-mode", "bfd > profile B"],
    ],
    [
      "a context written twice",
      "router bgp 1\n a\nexit\nrouter bgp 1\n b\nexit\n",
      ["router bgp 1", "router bgp 1 > a", "router bgp 1 > b"],
    ],
    ["comments, tabs and spaces", "! one\n# two\n\tlog   stdout\t\n", ["log stdout"]],
    ["more exits than contexts", "exit\nexit\nend\nlog stdout\n", ["log stdout"]],
    [
      "an interface of FRR's own",
      "interface eth1\n ipv6 nd ra-interval 10\n no ipv6 nd suppress-ra\nexit\n",
      [
        "interface eth1",
        "interface eth1 > ipv6 nd ra-interval 10",
        "interface eth1 > no ipv6 nd suppress-ra",
      ],
    ],
    ["carriage returns", "log stdout\r\n", ["log stdout"]],
  ];
  for (const [given, text, then] of cases) it(given, () => expect(lines(text)).to.deep.equal(then));

  it("reads any text", () => {
    const word = fc.constantFrom(
      "router bgp 1",
      "exit",
      " ",
      "\n",
      "bfd",
      "profile",
      "end",
      "!",
      "route-map a permit 1",
      "\0",
      "é",
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(word, fc.string())), (parts) => {
        parseTree(parts.join(""));
      }),
    );
  });

  it("writes what it reads back the same", () => {
    fc.assert(
      fc.property(modelArb, (model) => {
        const tree = parseTree(renderModel(model));
        expect(sameTree(parseTree(formatTree(tree)), tree)).to.equal(true);
      }),
    );
  });
});

describe("what FRR means by it", () => {
  const same: [what: string, a: string, b: string][] = [
    [
      "its own lines",
      "frr version 8.4.4\nfrr defaults traditional\nhostname a\nno ip forwarding\nservice integrated-vtysh-config\n",
      "hostname b\n",
    ],
    [
      "multihop",
      "router bgp 1\n neighbor 192.0.2.1 ebgp-multihop 255\n",
      "router bgp 1\n neighbor 192.0.2.1 ebgp-multihop\n",
    ],
    ["the default port", "router bgp 1\n neighbor 192.0.2.1 port 179\n", "router bgp 1\n"],
    [
      "a keepalive above a third of the hold time",
      "router bgp 1\n neighbor 192.0.2.1 timers 60 90\n",
      "router bgp 1\n neighbor 192.0.2.1 timers 30 90\n",
    ],
    [
      "communities by name and in any order",
      "route-map A permit 1\n set community 2:1 no-export 1:20 1:3 additive\n",
      "route-map A permit 1\n set community 1:3 1:20 2:1 65535:65281 additive\n",
    ],
    [
      "communities given twice",
      "route-map A permit 1\n set large-community 1:1:1 1:1:1\n",
      "route-map A permit 1\n set large-community 1:1:1\n",
    ],
    [
      "defaults of a BFD profile",
      "bfd\n profile A\n  detect-multiplier 3\n  minimum-ttl 254\n",
      "bfd\n profile A\n",
    ],
    [
      "an empty family, and BFD with nothing in it",
      "router bgp 1\n address-family ipv4 unicast\n exit-address-family\nbfd\n",
      "router bgp 1\n",
    ],
    ["a log level by its beginning", "log stdout error\n", "log stdout errors\n"],
    [
      "debugging",
      "log stdout debugging\ndebug bgp updates\n",
      "log stdout\ndebug bgp updates in\ndebug bgp updates out\n",
    ],
    ["the default delay", "bgp route-map delay-timer 5\n", ""],
    ["resolution by the default route", "ip nht resolve-via-default\n", ""],
  ];
  for (const [what, a, b] of same)
    it(what, () =>
      expect(sameTree(normalise(parseTree(a)), normalise(parseTree(b)))).to.equal(true),
    );

  it("is the same the second time", () => {
    fc.assert(
      fc.property(modelArb, (model) => {
        const once = normalise(parseTree(renderModel(model)));
        expect(sameTree(normalise(once), once)).to.equal(true);
      }),
    );
  });
});
