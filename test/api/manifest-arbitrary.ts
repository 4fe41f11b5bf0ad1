/** Random manifests near the border between accepted and refused. */
import fc from "fast-check";
import type { Manifest } from "./schema-cases.ts";

const { constantFrom, record, array, option, oneof } = fc;

/** Often good, sometimes of another type altogether. */
const mostly = (good: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  oneof(
    { weight: 60, arbitrary: good },
    {
      weight: 1,
      arbitrary: constantFrom<unknown>(null, 0, 1.5, "", "x", true, [], {}, [null], [{}]),
    },
  );
/** Present or absent. */
const maybe = (good: fc.Arbitrary<unknown>) => option(mostly(good), { nil: undefined });

const name = constantFrom("a", "b", "eth0", "");
const names = array(mostly(name), { maxLength: 3 });
const selector = record(
  {
    matchLabels: mostly(
      fc.dictionary(constantFrom("a", "b", "__proto__x"), mostly(name), { maxKeys: 2 }),
    ),
    matchExpressions: mostly(
      array(
        mostly(
          record(
            {
              key: mostly(name),
              operator: mostly(
                constantFrom("In", "NotIn", "Exists", "DoesNotExist", "Gt", "in", ""),
              ),
              values: mostly(names),
            },
            { requiredKeys: ["key", "operator"] },
          ),
        ),
        { maxLength: 2 },
      ),
    ),
  },
  { requiredKeys: [] },
);
const selectors = array(mostly(selector), { maxLength: 2 });
const flag = fc.boolean();
const around = (...edges: number[]) => constantFrom(...edges.flatMap((n) => [n - 1, n, n + 1]));
const asn = around(0, 1, 64500, 4294967295);
const address = constantFrom(
  "192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", "", "1.1.1", "router", "192.0.2.1/32", "fe80::1%eth0",
  "1.2.3.4.5", "1234.1.1.1", " 192.0.2.1", "192.0.2.1\n", "::", ":", "0x1::", "A::f.1",
); // prettier-ignore
const time = constantFrom(
  "0s", "0", "90s", "1m30s", "3s", "2999ms", "2s", "900ms", "-900ms", "-5s", "90", "", "s", "1.5s", ".5s", "1h", "1d",
  "300ms", "333.4ms", "334ms", "1s", "999.9999ms", "100000h", "2562047h47m16.854775807s", "2562048h", "65535s",
  "65535s500us", "65536s", "18h12m15s", "1us", "1\u00b5s", "+3s", "3S", " 3s", "1e3s",
); // prettier-ignore

const specs: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  "metallb.io/v1beta1 IPAddressPool": record({
    addresses: mostly(array(mostly(constantFrom("192.0.2.0/24", "x", "")), { maxLength: 3 })),
    autoAssign: maybe(flag),
    avoidBuggyIPs: maybe(flag),
    serviceAllocation: maybe(
      record({
        priority: maybe(around(0, 2 ** 31)),
        namespaces: maybe(names),
        namespaceSelectors: maybe(selectors),
        serviceSelectors: maybe(selectors),
      }),
    ),
    unknown: maybe(name),
  }),
  "metallb.io/v1beta1 L2Advertisement": record({
    ipAddressPools: maybe(names),
    ipAddressPoolSelectors: maybe(selectors),
    nodeSelectors: maybe(selectors),
    interfaces: maybe(names),
    serviceSelectors: maybe(selectors),
  }),
  "metallb.io/v1beta1 BGPAdvertisement": record({
    aggregationLength: maybe(around(1, 32, 32, 2 ** 31)),
    aggregationLengthV6: maybe(around(0, 128, 128, 64)),
    localPref: maybe(around(0, 100, 4294967295)),
    communities: maybe(names),
    peers: maybe(names),
    serviceSelectors: maybe(selectors),
  }),
  "metallb.io/v1beta2 BGPPeer": record({
    myASN: maybe(asn),
    peerASN: maybe(asn),
    dynamicASN: maybe(constantFrom("internal", "external", "auto", "")),
    localASN: maybe(asn),
    peerAddress: maybe(address),
    interface: maybe(name),
    routerID: maybe(address),
    peerPort: maybe(around(0, 179, 16384)),
    holdTime: maybe(time),
    keepaliveTime: maybe(time),
    connectTime: maybe(time),
    nodeSelectors: maybe(selectors),
    passwordSecret: maybe(record({ name: maybe(name), namespace: maybe(name) })),
    ebgpMultiHop: maybe(flag),
    enableGracefulRestart: maybe(flag),
  }),
  "metallb.io/v1beta1 BGPPeer": record({
    myASN: maybe(asn),
    peerASN: maybe(asn),
    peerAddress: maybe(address),
    sourceAddress: maybe(address),
    peerPort: maybe(around(0, 179, 16384)),
    holdTime: maybe(time),
    keepaliveTime: maybe(time),
    nodeSelectors: maybe(selectors),
    ebgpMultiHop: maybe(flag),
  }),
  "metallb.io/v1beta1 BFDProfile": record({
    receiveInterval: maybe(around(10, 300, 60000)),
    transmitInterval: maybe(around(10, 60000)),
    detectMultiplier: maybe(around(2, 3, 255)),
    echoInterval: maybe(around(10, 60000)),
    echoMode: maybe(flag),
    minimumTtl: maybe(around(1, 254)),
  }),
  "metallb.io/v1beta1 Community": record({
    communities: maybe(
      array(mostly(record({ name: maybe(name), value: maybe(constantFrom("1:2", "")) })), {
        maxLength: 2,
      }),
    ),
  }),
};

/** A good peer with a few fields of a random one: most rules compare two or three fields. */
const nearlyGood = (key: string): fc.Arbitrary<unknown> =>
  fc.tuple(specs[key] ?? fc.constant({}), array(fc.nat(14), { maxLength: 3 })).map(([wild, at]) => {
    const fields = Object.entries(wild as object).filter((_, i) => at.includes(i));
    const good = { myASN: 64500, peerASN: 64501, peerAddress: "192.0.2.1" };
    return { ...good, ...Object.fromEntries(fields) };
  });

/** JSON has no `undefined`. */
const asJson = (value: unknown): unknown =>
  value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown);

/** Spec aside, everything is in order. */
export const anyManifest: fc.Arbitrary<Manifest> = oneof(
  ...Object.entries(specs).map(([key, spec]) => {
    const [apiVersion = "", kind = ""] = key.split(" ");
    const metadata = { name: "a", namespace: "metallb-system" };
    const near =
      kind === "BGPPeer" ? oneof(maybe(spec), nearlyGood(key), nearlyGood(key)) : maybe(spec);
    return near.map((s) => ({
      apiVersion,
      kind,
      metadata,
      ...(s !== undefined && { spec: asJson(s) }),
    }));
  }),
);
