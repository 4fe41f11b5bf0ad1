/**
 * The sessions, advertisements, VRFs, BFD profiles and log levels that a MetalLB user may have had, one
 * scenario each. The node is 192.0.2.1 and 2001:db8::1, its router 192.0.2.2 and 2001:db8::2 on `eth0`.
 */
import type { BgpOptions } from "../../src/bgp/node-bgp.ts";
import type { Service } from "../../src/api/objects.ts";
import type { Config, Peer, Pool } from "../../src/config/config.ts";
import { parseIp } from "../../src/net/ip.ts";
import {
  advertisement,
  config,
  peer,
  pool,
  profile,
  service,
  unnumbered,
} from "../support/bgp-fixture.ts";

export interface Scenario {
  readonly name: string;
  readonly config: Config;
  readonly services: readonly Service[];
  readonly options?: BgpOptions;
  /** Codes of problems that say what FRR could not take and ours left out. */
  readonly refused?: readonly string[];
  /** What the test that has it by name is about, where the name does not say it. */
  readonly about?: string;
  /** The router must have been sent exactly what is intended. False in a VRF: this kernel has none. */
  readonly onTheWire: boolean;
}

const LOCAL = parseIp("192.0.2.1");
const timed = (holdTimeS: number, keepaliveTimeS: number): Partial<Peer> => ({
  timers: { holdTimeS, keepaliveTimeS, given: { holdTimeS, keepaliveTimeS } },
});
const CORE = { routerId: LOCAL, sourceAddress: LOCAL, ...timed(3, 1), password: "password" };
const V6 = { ...CORE, sourceAddress: parseIp("2001:db8::1") };

const ebgp = (over: Partial<Peer> = {}): Peer => peer("router", "192.0.2.2", { ...CORE, ...over });
const ibgp = (over: Partial<Peer> = {}): Peer => ebgp({ remoteAs: 64500, ...over });
const ebgp6 = (over: Partial<Peer> = {}): Peer =>
  peer("router6", "2001:db8::2", { ...V6, ...over });
const other = (over: Partial<Peer> = {}): Peer =>
  peer("second", "192.0.2.3", { ...CORE, remoteAs: 64502, ...over });

const ADVERTISED = [
  advertisement("tagged", {
    localPref: 300,
    communities: ["1111:2222", "3333:4444"],
  }),
];
const V4 = "198.51.100.0/24";
const V6POOL = "2001:db8:10::/64";
const plain = (cidrs: readonly string[] = [V4]): Pool => pool("pool", cidrs);
const web = (...ips: readonly string[]): Service => service("web", ips);

interface Parts {
  readonly pools?: readonly Pool[];
  readonly services?: readonly Service[];
  readonly rest?: Partial<Config>;
  readonly options?: BgpOptions;
  readonly refused?: readonly string[];
  readonly onTheWire?: boolean;
}
const scenario = (name: string, peers: readonly Peer[], parts: Parts = {}): Scenario => ({
  name,
  config: config({ peers, pools: parts.pools ?? [], ...parts.rest }),
  services: parts.services ?? [],
  ...(parts.options && { options: parts.options }),
  ...(parts.refused && { refused: parts.refused }),
  onTheWire: parts.onTheWire ?? true,
});
const inVrf = (name: string, peers: readonly Peer[], parts: Parts = {}): Scenario =>
  scenario(name, peers, { ...parts, onTheWire: false });

const SESSIONS: readonly Scenario[] = [
  scenario("single-ebgp-session-multihop", [ebgp({ ebgpMultiHop: true })]),
  scenario("single-ebgp-session-one-hop", [ebgp()]),
  scenario("single-ipv6-ebgp-session-one-hop", [ebgp6()]),
  scenario("single-ibgp-session", [ibgp()]),
  scenario("single-ipv6-ibgp-session", [ebgp6({ remoteAs: 64500, connectTimeS: 10 })]),
  scenario("single-session-close", []),
  scenario("single-session-with-graceful-restart", [
    ebgp({ gracefulRestart: true, timers: null, password: null }),
  ]),
  scenario("single-session-with-local-asn", [ebgp({ localAsn: 64999 })]),
  scenario("single-session-with-no-timers", [peer("router", "192.0.2.2")]),
  scenario("single-session-with-zero-timers", [ebgp(timed(0, 0))]),
  scenario("single-session-with-internal-asn", [ebgp({ remoteAs: "internal" })]),
  scenario("single-session-with-external-asn", [ebgp({ remoteAs: "external" })]),
  scenario("unnumbered-session", [
    unnumbered("router", "eth0", {
      remoteAs: "external",
      routerId: LOCAL,
      sourceAddress: LOCAL,
      gracefulRestart: true,
    }),
  ]),
  scenario("two-sessions", [ebgp(), other({ myAsn: 64400, routerId: parseIp("192.0.2.9") })], {
    refused: ["differentMyAsn"],
  }),
  scenario("two-ipv6-sessions", [
    ebgp6(),
    peer("second6", "2001:db8::3", { ...V6, remoteAs: 64502 }),
  ]),
  scenario(
    "ipv4-and-ipv6-sessions-dual-stack-family",
    [ebgp({ dualStackAddressFamily: true }), ebgp6({ dualStackAddressFamily: true })],
    { pools: [plain([V4, V6POOL])], services: [web("198.51.100.10", "2001:db8:10::5")] },
  ),
  scenario("two-sessions-duplicate", [ebgp(), ebgp({ name: "router-again" })], {
    refused: ["duplicatePeer"],
  }),
  scenario("two-sessions-duplicate-router", [ebgp(), other()]),
  scenario("single-session-extras", [ebgp()], {
    rest: { extras: "ip prefix-list EXTRA seq 10 permit 203.0.113.0/24 le 32\n# a remark\n" },
  }),
];

const ADVERTISEMENTS: readonly Scenario[] = [
  scenario("single-advertisement", [ebgp({ connectTimeS: 10 })], {
    pools: [pool("pool", [V4], ADVERTISED)],
    services: [web("198.51.100.10")],
  }),
  scenario("single-advertisement-no-router-id", [ebgp({ routerId: null })], {
    pools: [plain()],
    services: [web("198.51.100.10")],
  }),
  scenario("single-advertisement-stop", [ebgp()], { pools: [plain()], services: [] }),
  scenario("single-advertisement-change", [ebgp()], {
    pools: [plain()],
    services: [web("198.51.100.11")],
  }),
  scenario("two-advertisements", [ebgp()], {
    pools: [
      plain(["198.51.100.0/25"]),
      pool("tagged", ["198.51.100.128/25"], [advertisement("c", { communities: ["1111:2222"] })]),
    ],
    services: [web("198.51.100.10"), service("api", ["198.51.100.130"])],
  }),
  scenario("two-advertisements-duplicate", [ebgp()], {
    pools: [plain()],
    services: [web("198.51.100.10"), service("api", ["198.51.100.10"])],
  }),
  scenario("two-advertisements-two-sessions", [ebgp(), other()], {
    pools: [
      pool(
        "pool",
        [V4],
        [
          advertisement("all"),
          advertisement("first", {
            aggregationLength: 31,
            localPref: 300,
            communities: ["1111:2222"],
            peers: ["router"],
          }),
        ],
      ),
    ],
    services: [web("198.51.100.10"), service("api", ["198.51.100.12"])],
  }),
  scenario("many-advertisements-same-community", [ebgp()], {
    pools: [pool("pool", [V4], [advertisement("c", { communities: ["1111:2222"] })])],
    services: Array.from({ length: 10 }, (_, i) => service(`web${i}`, [`198.51.100.${i + 10}`])),
  }),
  scenario("large-communities", [ebgp()], {
    pools: [
      pool(
        "pool",
        [V4],
        [
          advertisement("large", {
            localPref: 300,
            communities: ["1111:2222", "1111:2222:3333", "2222:3333:4444"],
          }),
        ],
      ),
    ],
    services: [web("198.51.100.10")],
  }),
];

const TWO_IN_VRF: Parts = {
  pools: [
    plain(["198.51.100.0/25"]),
    pool(
      "tagged",
      ["198.51.100.128/25"],
      [advertisement("c", { localPref: 300, communities: ["1111:2222"] })],
    ),
  ],
  services: [web("198.51.100.10"), service("api", ["198.51.100.130"])],
};
const red = { vrf: "red" };
const VRFS: readonly Scenario[] = [
  inVrf("vrf-single-ebgp-session-multihop", [ebgp({ ...red, ebgpMultiHop: true })]),
  inVrf("single-vrf-ibgp-session", [ibgp(red)]),
  inVrf("two-sessions-one-vrf", [ebgp(), other({ ...red, myAsn: 64400 })]),
  inVrf("two-sessions-same-ip-vrf", [ebgp(), ebgp({ ...red, name: "red", myAsn: 64400 })]),
  inVrf("two-sessions-same-ip-router-id-asn-vrf", [
    ebgp({ routerId: null }),
    ebgp({ ...red, name: "red", routerId: null }),
  ]),
  inVrf("single-advertisement-vrf", [ebgp(red)], {
    pools: [pool("pool", [V4], ADVERTISED)],
    services: [web("198.51.100.10")],
  }),
  inVrf("single-advertisement-change-vrf", [ebgp(red)], {
    pools: [plain()],
    services: [web("198.51.100.11")],
  }),
  inVrf("two-advertisements-vrf", [ebgp(red)], TWO_IN_VRF),
  inVrf(
    "two-advertisements-two-sessions-one-vrf",
    [ebgp(), other({ ...red, name: "red" })],
    TWO_IN_VRF,
  ),
];

const FULL = {
  receiveIntervalMs: 60,
  transmitIntervalMs: 61,
  detectMultiplier: 5,
  echoIntervalMs: 62,
  minimumTtl: 250,
};
const BFD: readonly Scenario[] = [
  scenario("bfd-profile-no-sessions", [], {
    rest: { bfdProfiles: [profile("bar", FULL), profile("foo", { ...FULL, detectMultiplier: 6 })] },
  }),
  scenario("bfd-profile-corner-cases", [], {
    rest: { bfdProfiles: [profile("bar", { ...FULL, echoMode: true, passiveMode: true })] },
  }),
  scenario("bfd-with-session", [ebgp({ bfdProfile: "bar", ...timed(6, 2) })], {
    rest: { bfdProfiles: [profile("bar", FULL)] },
  }),
  scenario("bfd-profile-all-default", [], {
    rest: { bfdProfiles: [profile("bar", FULL), profile("default")] },
  }),
  scenario("bfd-profile-then-delete", []),
];

const LOGGING: readonly Scenario[] = [
  scenario("logging-configuration", [], { options: { logLevel: "warnings" } }),
  scenario("logging-configuration-debug", [], { options: { logLevel: "debugging" } }),
  scenario("logging-configuration-override-by-environment-var", [], {
    options: { logLevel: "alerts" },
  }),
];

export const SCENARIOS: readonly Scenario[] = [
  ...SESSIONS,
  ...ADVERTISEMENTS,
  ...VRFS,
  ...BFD,
  ...LOGGING,
];
