/**
 * Random configurations of a node for tests on real FRR: every statement that the templates write, on peers
 * whose far ends exist (`test/support/bench.ts`) and on some that do not.
 */
import fc from "fast-check";
import { renderReal } from "./frr-real.ts";

/** What a peer is sent with a class, and the peers that are sent it at all. */
export interface Treatment {
  readonly localPref: number | null;
  readonly communities: readonly string[];
  readonly large: readonly string[];
}

export interface PeerModel {
  readonly remoteAs: string;
  readonly localAs: boolean;
  readonly timers: string | null;
  readonly connect: number | null;
  readonly password: string | null;
  readonly source: boolean;
  readonly multihop: boolean;
  readonly gracefulRestart: boolean;
  readonly bfd: "none" | "plain" | "FAST" | "SLOW";
  readonly port: number | null;
  readonly dual: boolean;
}

export interface Model {
  /** Rendered by the code of a node from resources; else with names and an order of this file's own. */
  readonly real: boolean;
  readonly log: string;
  readonly debug: boolean;
  readonly routerId: string;
  readonly profiles: Readonly<Record<string, Readonly<Record<string, number | boolean>>>>;
  readonly peers: Readonly<Partial<Record<Slot, PeerModel>>>;
  /** Prefix to the treatments by peer. */
  readonly networks: Readonly<Record<string, Readonly<Partial<Record<Slot, Treatment>>>>>;
  readonly extra: string | null;
}

/** Name, address, source and far AS of the peers of a bench; `ghost` and `vrf` have no far end. */
export const SLOTS = {
  v4: { peer: "192.0.2.2", source: "192.0.2.1", ipv6: false, remoteAs: ["64501", "external"] },
  v6: { peer: "2001:db8::2", source: "2001:db8::1", ipv6: true, remoteAs: ["64501", "external"] },
  ibgp: {
    peer: "198.51.100.2",
    source: "198.51.100.1",
    ipv6: false,
    remoteAs: ["64500", "internal"],
  },
  unnumbered: { peer: "eth1", source: null, ipv6: false, remoteAs: ["64501", "external"] },
  secret: { peer: "203.0.113.2", source: "203.0.113.1", ipv6: false, remoteAs: ["64501"] },
  ghost: { peer: "192.0.2.77", source: "192.0.2.1", ipv6: false, remoteAs: ["64510", "64511"] },
  ghost6: {
    peer: "2001:db8::77",
    source: null,
    ipv6: true,
    remoteAs: ["64510", "external", "internal"],
  },
  vrf: { peer: "192.0.2.2", source: null, ipv6: false, remoteAs: ["64501", "64512"] },
} as const;
export type Slot = keyof typeof SLOTS;
export type SlotTable = typeof SLOTS;
export const PASSWORD = "s3cret?!#";

const isEbgp = (slot: Slot, { remoteAs }: PeerModel): boolean =>
  slot !== "ibgp" && remoteAs !== "internal";

function peerLines(slot: Slot, model: PeerModel, profiles: ReadonlySet<string>): readonly string[] {
  const { peer: p, source, ipv6 } = SLOTS[slot];
  const unnumbered = slot === "unnumbered";
  const n = `neighbor ${p}`;
  const ebgp = isEbgp(slot, model);
  const multihop = model.multihop && ebgp && !unnumbered;
  const profile = profiles.has(model.bfd) ? model.bfd : null;
  return [
    unnumbered ? `${n} interface remote-as ${model.remoteAs}` : `${n} remote-as ${model.remoteAs}`,
    ...(multihop ? [`${n} ebgp-multihop 255`] : []),
    ...(model.localAs && ebgp ? [`${n} local-as 64999 no-prepend replace-as`] : []),
    ...(model.port === null ? [] : [`${n} port ${model.port}`]),
    ...(model.timers === null ? [] : [`${n} timers ${model.timers}`]),
    ...(model.connect === null ? [] : [`${n} timers connect ${model.connect}`]),
    ...(model.password === null ? [] : [`${n} password ${model.password}`]),
    ...(model.source && source !== null ? [`${n} update-source ${source}`] : []),
    ...(model.gracefulRestart ? [`${n} graceful-restart`] : []),
    ...(model.bfd === "none" ? [] : [`${n} bfd`]),
    ...(profile === null ? [] : [`${n} bfd profile ${profile}`]),
    ...(ipv6 && ebgp && !multihop && !model.dual ? [`${n} disable-connected-check`] : []),
  ].map((line) => ` ${line}\n`);
}

/** Numbers derived from content, as classes have them. */
function tagOf(treatments: Readonly<Partial<Record<Slot, Treatment>>>): number {
  let hash = 7;
  for (const char of JSON.stringify(
    Object.entries(treatments).sort(([a], [b]) => (a < b ? -1 : 1)),
  ))
    hash = (hash * 31 + char.charCodeAt(0)) % 65_000;
  return hash + 1;
}

export const SLOT_NAMES = Object.keys(SLOTS) as Slot[];

/** Also the peers that the sessions of a model are established with, given the far ends of a bench. */
export const liveSlots = (model: Model): readonly Slot[] =>
  SLOT_NAMES.filter((slot) => {
    const peer = model.peers[slot];
    if (peer === undefined || ["ghost", "ghost6", "vrf"].includes(slot)) return false;
    return peer.password === (slot === "secret" ? PASSWORD : null);
  });

export function renderModel(model: Model): string {
  if (model.real) return renderReal(model, SLOTS);
  const slots = SLOT_NAMES.filter((slot) => model.peers[slot] !== undefined);
  const profiles = new Set(Object.keys(model.profiles));
  const classes = new Map<number, Readonly<Partial<Record<Slot, Treatment>>>>();
  for (const treatments of Object.values(model.networks))
    classes.set(tagOf(treatments), treatments);
  const tags = [...classes.keys()].sort((a, b) => a - b);
  let text = `log stdout ${model.log}\nlog timestamp precision 3\nhostname node\n`;
  if (model.debug) text += "debug bgp updates\ndebug bgp nht\ndebug bfd peer\ndebug zebra events\n";
  text += "ip nht resolve-via-default\nipv6 nht resolve-via-default\n";
  text += "bgp route-map delay-timer 1\n!\nroute-map ferrolb-in deny 1\nexit\n";
  for (const tag of tags) text += `route-map ferrolb-c${tag} permit 1\n set tag ${tag}\nexit\n`;
  for (const slot of slots) {
    for (const tag of tags) {
      const treatment = classes.get(tag)?.[slot];
      if (treatment === undefined) continue;
      text += `route-map ferrolb-out-${slot} permit ${tag}\n match tag ${tag}\n`;
      const { localPref, communities, large } = treatment;
      if (localPref !== null) text += ` set local-preference ${localPref}\n`;
      if (communities.length > 0) text += ` set community ${communities.join(" ")} additive\n`;
      if (large.length > 0) text += ` set large-community ${large.join(" ")} additive\n`;
      text += "exit\n";
    }
    text += `route-map ferrolb-out-${slot} deny 65535\nexit\n`;
  }
  for (const vrf of [false, true]) {
    const mine = slots.filter((slot) => (slot === "vrf") === vrf);
    if (mine.length === 0) continue;
    text += `router bgp 64500${vrf ? " vrf red" : ""}\n bgp router-id ${model.routerId}\n`;
    text += " no bgp ebgp-requires-policy\n no bgp default ipv4-unicast\n coalesce-time 0\n";
    text += " bgp graceful-restart preserve-fw-state\n no bgp network import-check\n";
    for (const slot of mine) text += peerLines(slot, model.peers[slot]!, profiles).join("");
    for (const family of ["ipv4", "ipv6"]) {
      const active = mine.filter((slot) => {
        const both = model.peers[slot]?.dual === true || slot === "unnumbered";
        return both || SLOTS[slot].ipv6 === (family === "ipv6");
      });
      text += ` address-family ${family} unicast\n`;
      for (const [prefix, treatments] of Object.entries(model.networks)) {
        if (prefix.includes(":") !== (family === "ipv6")) continue;
        if (!active.some((slot) => treatments[slot] !== undefined)) continue;
        text += `  network ${prefix} route-map ferrolb-c${tagOf(treatments)}\n`;
      }
      for (const slot of active) {
        const n = `  neighbor ${SLOTS[slot].peer}`;
        text += `${n} activate\n${n} route-map ferrolb-in in\n${n} route-map ferrolb-out-${slot} out\n`;
      }
      text += " exit-address-family\n";
    }
    text += "exit\n";
  }
  if (profiles.size > 0) {
    text += "bfd\n";
    for (const [name, fields] of Object.entries(model.profiles)) {
      text += ` profile ${name}\n`;
      for (const [field, value] of Object.entries(fields))
        text += value === true ? `  ${field}\n` : value === false ? "" : `  ${field} ${value}\n`;
      text += " exit\n";
    }
    text += "exit\n";
  }
  return text + (model.extra === null ? "" : `${model.extra}\n`);
}

const maybe = <T>(arb: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(arb, { nil: null });

const treatment: fc.Arbitrary<Treatment> = fc.record({
  localPref: maybe(fc.constantFrom(100, 200, 300)),
  communities: fc.subarray(["64500:1", "64500:20", "65535:666", "0:0", "64500:7"]),
  large: fc.subarray(["64500:1:1", "64500:2:1", "4200000000:1:2"]),
});

const peerModel = (slot: Slot): fc.Arbitrary<PeerModel> => {
  const ghost = slot === "ghost" || slot === "ghost6" || slot === "vrf";
  return fc.record({
    remoteAs: fc.constantFrom(...SLOTS[slot].remoteAs),
    localAs: fc.boolean(),
    timers: maybe(fc.constantFrom("30 90", "60 180", "20 90", "0 0")),
    connect: maybe(fc.constantFrom(5, 120, 1)),
    password: ghost
      ? maybe(fc.constantFrom("one", "!two?"))
      : slot === "secret"
        ? fc.constantFrom(PASSWORD, PASSWORD, PASSWORD, "wrong", null)
        : fc.constant(null),
    source: fc.boolean(),
    multihop: fc.boolean(),
    gracefulRestart: fc.boolean(),
    // The far end does not play along with echo or passive mode: SLOW is for peers without one.
    bfd: ghost
      ? fc.constantFrom("none", "plain", "FAST", "SLOW")
      : slot === "v4"
        ? fc.constantFrom("none", "plain", "FAST")
        : fc.constant("none" as const),
    port: ghost ? maybe(fc.constantFrom(179, 1790)) : maybe(fc.constant(179)),
    dual: slot === "unnumbered" ? fc.constant(false) : fc.boolean(),
  });
};

const profile = fc.record(
  {
    "detect-multiplier": fc.constantFrom(3, 5, 20),
    "transmit-interval": fc.constantFrom(100, 300),
    "receive-interval": fc.constantFrom(100, 300),
    "echo transmit-interval": fc.constantFrom(50, 60),
    "echo receive-interval": fc.constantFrom(50, 60),
    "echo-mode": fc.constant(false),
    "passive-mode": fc.constant(false),
    "minimum-ttl": fc.constantFrom(254, 250),
  },
  { requiredKeys: [] },
);
const idleProfile = fc
  .tuple(profile, fc.boolean(), fc.boolean())
  .map(([fields, echo, passive]) => ({
    ...fields,
    "echo-mode": echo,
    "passive-mode": passive,
  }));

const PREFIXES = [
  ...Array.from({ length: 10 }, (_, i) => `203.0.113.${100 + i}/32`),
  ...["198.51.100.128/25", "198.51.100.64/26"],
  ...Array.from({ length: 5 }, (_, i) => `2001:db8:10::${(i + 9).toString(16)}/128`),
  "2001:db8:20::/64",
];

const treatments = fc.record(
  Object.fromEntries(SLOT_NAMES.map((slot) => [slot, treatment])) as Record<
    Slot,
    fc.Arbitrary<Treatment>
  >,
  { requiredKeys: [] },
);
/** Few distinct treatments, many prefixes: as Services share classes. */
const networks = fc
  .array(treatments, { minLength: 1, maxLength: 4 })
  .chain((some) =>
    fc.dictionary(fc.constantFrom(...PREFIXES), fc.constantFrom(...some), { maxKeys: 16 }),
  )
  .map((entries) => ({ ...entries }));

const rawModel = fc.record({
  real: fc.boolean(),
  log: fc.constantFrom("informational", "warnings", "debugging"),
  debug: fc.boolean(),
  routerId: fc.constantFrom("10.1.1.3", "10.1.1.3", "10.1.1.3", "10.1.1.4"),
  profiles: fc
    .record({ FAST: profile, SLOW: idleProfile }, { requiredKeys: [] })
    .map((p) => ({ ...p })),
  peers: fc
    .record(
      Object.fromEntries(SLOT_NAMES.map((slot) => [slot, peerModel(slot)])) as Record<
        Slot,
        fc.Arbitrary<PeerModel>
      >,
      { requiredKeys: [] },
    )
    .map((p) => ({ ...p })),
  networks,
  extra: maybe(
    fc.constantFrom(
      "ip prefix-list EXTRA seq 5 permit 192.0.2.0/24 le 32",
      "ip prefix-list EXTRA seq 5 permit 192.0.2.0/24\nip prefix-list EXTRA seq 10 deny any",
      "ip route 198.51.100.200/32 blackhole",
    ),
  ),
});

export const modelArb: fc.Arbitrary<Model> = rawModel.map(
  (model) => JSON.parse(JSON.stringify(model)) as Model, // plain objects, so that cases can be kept
);

/** Like `a`, with some of its parts taken from `b`: most changes of a cluster are small. */
export const nearTo = (a: Model): fc.Arbitrary<Model> =>
  fc
    .tuple(modelArb, fc.subarray(Object.keys(a) as (keyof Model)[], { minLength: 1, maxLength: 2 }))
    .chain(([b, parts]) => {
      const mixed: Model = { ...a, ...Object.fromEntries(parts.map((part) => [part, b[part]])) };
      if (!parts.includes("peers")) return fc.constant(mixed);
      // Change one or two peers rather than all of them.
      return fc.subarray(SLOT_NAMES, { minLength: 1, maxLength: 2 }).map((slots) => {
        const peers = { ...a.peers };
        for (const slot of slots) {
          const next = b.peers[slot];
          if (next === undefined) Reflect.deleteProperty(peers, slot);
          else peers[slot] = next;
        }
        return { ...mixed, peers };
      });
    });
