/**
 * One table for the pure check and for a real API server: both must refuse and accept the same. Reads like
 * the rules reference: rule, what is given, the manifest, and which rules refuse it (none: accepted).
 */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly spec?: unknown;
  readonly status?: unknown;
}

export interface Case {
  readonly rule: string;
  readonly given: string;
  readonly manifest: Manifest;
  /** Rules that refuse it, sorted; `[]` is accepted. */
  readonly refusedBy: readonly string[];
  /** Where given: `spec` (or `status`) as it is stored, defaults and pruning applied. */
  readonly becomes?: unknown;
}

const resource = (kind: string, version = "metallb.io/v1beta1") => ({
  apiVersion: version,
  kind,
  metadata: { name: "a", namespace: "metallb-system" },
});
type Fields = Readonly<Record<string, unknown>>;

export const pool = (spec: unknown): Manifest => ({ ...resource("IPAddressPool"), spec });
export const l2 = (spec: unknown): Manifest => ({ ...resource("L2Advertisement"), spec });
export const bgp = (spec: unknown): Manifest => ({ ...resource("BGPAdvertisement"), spec });
export const bfd = (spec: unknown): Manifest => ({ ...resource("BFDProfile"), spec });
export const community = (spec: unknown): Manifest => ({ ...resource("Community"), spec });
const complete = { myASN: 64500, peerASN: 64501, peerAddress: "192.0.2.1" };
const without = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([, v]) => v !== undefined));
/** A complete peer with some fields changed; `undefined` takes one away. */
export const peer = (spec: Fields): Manifest => ({
  ...resource("BGPPeer", "metallb.io/v1beta2"),
  spec: without({ ...complete, ...spec }),
});
export const oldPeer = (spec: Fields): Manifest => ({
  ...resource("BGPPeer"),
  spec: without({ ...complete, ...spec }),
});
export const state = (status: unknown): Manifest => ({ ...resource("ConfigurationState"), status });
export const poolStatus = (status: unknown): Manifest => ({
  ...pool({ addresses: ["192.0.2.0/24"] }),
  status,
});
export const l2Status = (status: unknown): Manifest => ({ ...resource("ServiceL2Status"), status });
export const bgpStatus = (status: unknown): Manifest => ({
  ...resource("ServiceBGPStatus"),
  status,
});
export const report = (status: unknown): Manifest => ({
  ...resource("AnnouncementReport", "ferrolb.io/v1alpha1"),
  status,
});

const ADDRESSES = { addresses: ["192.0.2.0/24"] };
const POOL_DEFAULTS = { autoAssign: true, avoidBuggyIPs: false };
const PEER_DEFAULTS = { peerPort: 179, disableMP: false, dualStackAddressFamily: false };
const LENGTHS = { aggregationLength: 32, aggregationLengthV6: 128 };
const EXPRESSION = { key: "k", operator: "In", values: ["v"] };
const selecting = (e: unknown) => ({ nodeSelectors: [{ matchExpressions: [e] }] });
const CONDITION = {
  type: "poolReconcilerValid",
  status: "True",
  reason: "Reconciled",
  message: "",
  lastTransitionTime: "2026-01-31T12:00:00Z",
};
const condition = (fields: Fields) => state({ conditions: [without({ ...CONDITION, ...fields })] });
const COUNTERS = { assignedIPv4: 1, assignedIPv6: 0, availableIPv4: 255, availableIPv6: 0 };

type Row = [rule: string, given: string, manifest: Manifest, refusedBy: string, becomes?: unknown];

// prettier-ignore
const ROWS: readonly Row[] = [
  // V1: required fields
  ["V1", "a pool without spec", pool(undefined), "V1"],
  ["V1", "a pool whose spec is null", pool(null), "V1"],
  ["V1", "a pool without addresses", pool({}), "V1"],
  ["V1", "addresses: null", pool({ addresses: null }), "V1"],
  ["V1", "a pool with addresses", pool(ADDRESSES), "", { ...ADDRESSES, ...POOL_DEFAULTS }],
  ["V1", "a peer without myASN", peer({ myASN: undefined }), "V1"],
  ["V1", "a peer without spec", { ...peer({}), spec: undefined }, ""],
  ["V1", "v1beta1 without myASN", oldPeer({ myASN: undefined }), "V1"],
  ["V1", "v1beta1 without peerASN", oldPeer({ peerASN: undefined }), "V1"],
  ["V1", "v1beta1 without peerAddress", oldPeer({ peerAddress: undefined }), "V1"],
  ["V1", "v1beta1, complete", oldPeer({}), "", complete],
  ["V1", "an expression without key", peer(selecting({ operator: "Exists" })), "V1"],
  ["V1", "an expression without operator", peer(selecting({ key: "k" })), "V1"],
  ["V1", "an expression with both", peer(selecting({ key: "k", operator: "Exists" })), ""],
  ["V1", "v1beta1 expression without values", oldPeer(selecting({ key: "k", operator: "In" })), "V1"],
  ["V1", "an advertisement without spec", l2(undefined), ""],

  // V2: types; unknown fields and nulls are dropped, defaults filled in
  ["V2", "autoAssign: yes as text", pool({ ...ADDRESSES, autoAssign: "yes" }), "V2"],
  ["V2", "autoAssign: false", pool({ ...ADDRESSES, autoAssign: false }), "", { ...ADDRESSES, autoAssign: false, avoidBuggyIPs: false }],
  ["V2", "autoAssign: null", pool({ ...ADDRESSES, autoAssign: null }), "", { ...ADDRESSES, ...POOL_DEFAULTS }],
  ["V2", "addresses as one text", pool({ addresses: "192.0.2.0/24" }), "V2"],
  ["V2", "addresses with a number", pool({ addresses: [1] }), "V2"],
  ["V2", "addresses with null", pool({ addresses: ["192.0.2.0/24", null] }), "V2"],
  ["V2", "spec as a list", pool([]), "V2"],
  ["V2", "spec as text", l2("x"), "V2"],
  ["V2", "unknown fields, here and deeper", pool({ ...ADDRESSES, color: "red", serviceAllocation: { priority: 1, mood: {} } }), "",
    { ...ADDRESSES, ...POOL_DEFAULTS, serviceAllocation: { priority: 1 } }],
  ["V2", "priority as a fraction", pool({ ...ADDRESSES, serviceAllocation: { priority: 1.5 } }), "V2"],
  ["V2", "priority negative", pool({ ...ADDRESSES, serviceAllocation: { priority: -1 } }), "", { ...ADDRESSES, ...POOL_DEFAULTS, serviceAllocation: { priority: -1 } }],
  ["V2", "matchLabels with a number", l2({ nodeSelectors: [{ matchLabels: { a: 1 } }] }), "V2"],
  ["V2", "matchLabels with null", l2({ nodeSelectors: [{ matchLabels: { a: null, b: "c" } }] }), "", { nodeSelectors: [{ matchLabels: { b: "c" } }] }],
  ["V2", "a selector that is null", l2({ nodeSelectors: [null] }), "V2"],
  ["V2", "an empty selector", l2({ nodeSelectors: [{}] }), "", { nodeSelectors: [{}] }],
  ["V2", "interfaces twice the same", l2({ interfaces: ["eth0", "eth0"] }), "", { interfaces: ["eth0", "eth0"] }],
  ["V2", "holdTime as a number", peer({ holdTime: 90 }), "V2"],
  ["V2", "ebgpMultiHop as text", peer({ ebgpMultiHop: "true" }), "V2"],
  ["V2", "passwordSecret with another field", peer({ passwordSecret: { name: "s", key: "k" } }), "", { ...complete, ...PEER_DEFAULTS, passwordSecret: { name: "s" } }],
  ["V2", "a peer gets its defaults", peer({}), "", { ...complete, ...PEER_DEFAULTS }],
  ["V2", "an advertisement gets its defaults", bgp({}), "", LENGTHS],
  ["V2", "no spec, no defaults", bgp(undefined), ""],
  ["V2", "a profile gets none", bfd({}), "", {}],
  ["V2", "status kinds keep no spec field", { ...resource("ServiceL2Status"), spec: { a: 1 } }, "", {}],

  // V3: AS numbers
  ["V3", "myASN: -1", peer({ myASN: -1 }), "V3"],
  ["V3", "myASN: 4294967296", peer({ myASN: 4294967296 }), "V3"],
  ["V3", "myASN: 4294967295", peer({ myASN: 4294967295 }), ""],
  ["V3", "peerASN: 4294967296", peer({ peerASN: 4294967296 }), "V3"],
  ["V3", "peerASN: 4294967295", peer({ peerASN: 4294967295 }), ""],
  ["V3", "localASN: 0", peer({ localASN: 0 }), "V3"],
  ["V3", "localASN: 4294967295", peer({ localASN: 4294967295 }), ""],
  ["V3", "v1beta1 peerASN: 4294967296", oldPeer({ peerASN: 4294967296 }), "V3"],

  // V4: peerPort
  ["V4", "peerPort: 0", peer({ peerPort: 0 }), "V4"],
  ["V4", "peerPort: 1", peer({ peerPort: 1 }), ""],
  ["V4", "peerPort: 16384", peer({ peerPort: 16384 }), ""],
  ["V4", "peerPort: 16385", peer({ peerPort: 16385 }), "V4"],
  ["V4", "v1beta1 peerPort: 0", oldPeer({ peerPort: 0 }), "", { ...complete, peerPort: 0 }],
  ["V4", "v1beta1 peerPort: 16385", oldPeer({ peerPort: 16385 }), "V4"],

  // V5: dynamicASN
  ["V5", "dynamicASN: auto", peer({ peerASN: undefined, dynamicASN: "auto" }), "V5"],
  ["V5", "dynamicASN empty", peer({ peerASN: undefined, dynamicASN: "" }), "V5"],
  ["V5", "dynamicASN: external", peer({ peerASN: undefined, dynamicASN: "external" }), ""],
  ["V5", "dynamicASN: internal", peer({ peerASN: undefined, dynamicASN: "internal" }), ""],

  // V6, V7: connectTime
  ["V6", "connectTime: 0s", peer({ connectTime: "0s" }), "V6"],
  ["V6", "connectTime: 65536s", peer({ connectTime: "65536s" }), "V6"],
  ["V6", "connectTime: -1s", peer({ connectTime: "-1s" }), "V6"],
  ["V6", "connectTime: 10", peer({ connectTime: "10" }), "V6"],
  ["V6", "connectTime: 1s", peer({ connectTime: "1s" }), ""],
  ["V6", "connectTime: 18h12m15s", peer({ connectTime: "18h12m15s" }), ""],
  ["V7", "connectTime: 1500ms", peer({ connectTime: "1500ms" }), "V7"],
  ["V7", "connectTime: 2s", peer({ connectTime: "2s" }), ""],
  ["V7", "connectTime: 1s and less than a millisecond", peer({ connectTime: "1s999us" }), ""],

  // V9: BFDProfile
  ["V9", "receiveInterval: 9", bfd({ receiveInterval: 9 }), "V9"],
  ["V9", "receiveInterval: 10", bfd({ receiveInterval: 10 }), ""],
  ["V9", "receiveInterval: 60001", bfd({ receiveInterval: 60001 }), "V9"],
  ["V9", "receiveInterval: 60000", bfd({ receiveInterval: 60000 }), ""],
  ["V9", "transmitInterval: 9", bfd({ transmitInterval: 9 }), "V9"],
  ["V9", "transmitInterval: 60000", bfd({ transmitInterval: 60000 }), ""],
  ["V9", "echoInterval: 60001", bfd({ echoInterval: 60001 }), "V9"],
  ["V9", "echoInterval: 10", bfd({ echoInterval: 10 }), ""],
  ["V9", "detectMultiplier: 1", bfd({ detectMultiplier: 1 }), "V9"],
  ["V9", "detectMultiplier: 256", bfd({ detectMultiplier: 256 }), "V9"],
  ["V9", "detectMultiplier: 2", bfd({ detectMultiplier: 2 }), ""],
  ["V9", "minimumTtl: 0", bfd({ minimumTtl: 0 }), "V9"],
  ["V9", "minimumTtl: 255", bfd({ minimumTtl: 255 }), "V9"],
  ["V9", "minimumTtl: 254", bfd({ minimumTtl: 254 }), ""],
  ["V9", "three at once", bfd({ receiveInterval: 1, detectMultiplier: 1, minimumTtl: 0 }), "V9 V9 V9"],

  // V10, V11: aggregation
  ["V10", "aggregationLength: 0", bgp({ aggregationLength: 0 }), "V10"],
  ["V10", "aggregationLength: 1", bgp({ aggregationLength: 1 }), ""],
  ["V10", "aggregationLengthV6: 0", bgp({ aggregationLengthV6: 0 }), ""],
  ["V11", "service selectors with 24", bgp({ serviceSelectors: [{ matchLabels: { a: "b" } }], aggregationLength: 24 }), "V11"],
  ["V11", "service selectors with V6 64", bgp({ serviceSelectors: [{}], aggregationLengthV6: 64 }), "V11"],
  ["V11", "service selectors with 32", bgp({ serviceSelectors: [{ matchLabels: { a: "b" } }], aggregationLength: 32 }), ""],
  ["V11", "service selectors alone", bgp({ serviceSelectors: [{}] }), "", { serviceSelectors: [{}], ...LENGTHS }],
  ["V11", "no service selectors with 24", bgp({ serviceSelectors: [], aggregationLength: 24 }), ""],

  // V12: v1beta1 expressions
  ["V12", "no values", oldPeer(selecting({ key: "k", operator: "Exists", values: [] })), "V12"],
  ["V12", "one value", oldPeer(selecting(EXPRESSION)), ""],

  // V14: status
  ["V14", "result: Bad", state({ result: "Bad" }), "V14"],
  ["V14", "result: Valid", state({ result: "Valid" }), "", { result: "Valid" }],
  ["V14", "a condition", state({ conditions: [CONDITION] }), "", { conditions: [CONDITION] }],
  ["V14", "a condition type with a prefix", condition({ type: "example.com/Ready" }), ""],
  ["V14", "a condition type with a space", condition({ type: "not ready" }), "V14"],
  ["V14", "a condition type of 317 characters", condition({ type: "x".repeat(317) }), "V14"],
  ["V14", "a condition without reason", condition({ reason: undefined }), "V14"],
  ["V14", "a reason that ends in a comma", condition({ reason: "Bad," }), "V14"],
  ["V14", "an empty reason", condition({ reason: "" }), "V14 V14"],
  ["V14", "a condition status of another sort", condition({ status: "Maybe" }), "V14"],
  ["V14", "a message of 32769 characters", condition({ message: "x".repeat(32769) }), "V14"],
  ["V14", "a message of 32768 characters beyond the BMP", condition({ message: "\u{1f600}".repeat(32768) }), ""],
  ["V14", "a time without zone", condition({ lastTransitionTime: "2026-01-31T12:00:00" }), "V14"],
  ["V14", "a day that does not exist", condition({ lastTransitionTime: "2026-02-30T12:00:00Z" }), "V14"],
  ["V14", "observedGeneration: -1", condition({ observedGeneration: -1 }), "V14"],
  ["V14", "one condition type twice", state({ conditions: [CONDITION, { ...CONDITION, status: "False" }] }), "V14"],
  ["V14", "all four counters", poolStatus(COUNTERS), "", COUNTERS],
  ["V14", "three counters", poolStatus(without({ ...COUNTERS, availableIPv6: undefined })), "V14"],
  ["V2", "a counter as text", poolStatus({ ...COUNTERS, assignedIPv4: "1" }), "V2"],
  ["V2", "peers of a ServiceBGPStatus as text", bgpStatus({ peers: "p" }), "V2"],
  ["V2", "interfaces of a ServiceL2Status", l2Status({ node: "n", interfaces: [{ name: "eth0", mtu: 1 }] }), "", { node: "n", interfaces: [{ name: "eth0" }] }],

  // Said in CEL beyond MetalLB's own CRDs: its webhook or its speakers refuse these
  ["V17", "localPref: -1", bgp({ localPref: -1 }), "V17"],
  ["V17", "localPref: 4294967296", bgp({ localPref: 4294967296 }), "V17"],
  ["V17", "localPref: 4294967295", bgp({ localPref: 4294967295 }), ""],
  ["V17", "holdTime: 90", peer({ holdTime: "90" }), "V17"],
  ["V17", "holdTime empty", peer({ holdTime: "" }), "V17"],
  ["V17", "keepaliveTime: 30", peer({ keepaliveTime: "30" }), "V17"],
  ["V17", "holdTime: 1m30s", peer({ holdTime: "1m30s" }), "", { ...complete, ...PEER_DEFAULTS, holdTime: "1m30s" }],
  ["V17", "v1beta1 holdTime: 90", oldPeer({ holdTime: "90" }), "V17"],
  ["V23", "operator Gt", l2(selecting({ key: "k", operator: "Gt", values: ["1"] })), "V23"],
  ["V23", "Exists with a value", bgp(selecting({ key: "k", operator: "Exists", values: ["a"] })), "V23"],
  ["V23", "In without values", peer(selecting({ key: "k", operator: "In" })), "V23"],
  ["V23", "NotIn with an empty list", peer(selecting({ key: "k", operator: "NotIn", values: [] })), "V23"],
  ["V23", "DoesNotExist", peer(selecting({ key: "k", operator: "DoesNotExist" })), ""],
  ["V23", "Exists with an empty list", peer(selecting({ key: "k", operator: "Exists", values: [] })), ""],
  ["V25", "addresses: []", pool({ addresses: [] }), "V25"],
  ["V26", "an empty entry", pool({ addresses: [""] }), "V26"],
  ["V41", "aggregationLength: 33", bgp({ aggregationLength: 33 }), "V41"],
  ["V41", "aggregationLength: 32", bgp({ aggregationLength: 32 }), ""],
  ["V42", "aggregationLengthV6: 129", bgp({ aggregationLengthV6: 129 }), "V42"],
  ["V42", "aggregationLengthV6: 64", bgp({ aggregationLengthV6: 64 }), ""],
  ["V57", "an alias without value", community({ communities: [{ name: "x" }] }), "V57"],
  ["V57", "an alias with an empty value", community({ communities: [{ name: "x", value: "" }] }), "V57"],
  ["V57", "an alias", community({ communities: [{ name: "x", value: "64512:1234" }] }), "", { communities: [{ name: "x", value: "64512:1234" }] }],
  ["V63", "myASN: 0", peer({ myASN: 0 }), "V63"],
  ["V63", "v1beta1 myASN: 0", oldPeer({ myASN: 0 }), "V63"],
  ["V64", "neither peerASN nor dynamicASN", peer({ peerASN: undefined }), "V64"],
  ["V64", "peerASN: 0", peer({ peerASN: 0 }), "V64"],
  ["V64", "v1beta1 peerASN: 0", oldPeer({ peerASN: 0 }), "V64"],
  ["V65", "peerASN and dynamicASN", peer({ dynamicASN: "external" }), "V65"],
  ["V65", "peerASN: 0 and dynamicASN", peer({ peerASN: 0, dynamicASN: "external" }), ""],
  ["V67", "ebgpMultiHop within one AS", peer({ peerASN: 64500, ebgpMultiHop: true }), "V67"],
  ["V67", "ebgpMultiHop to another AS", peer({ ebgpMultiHop: true }), ""],
  ["V67", "ebgpMultiHop with dynamicASN: internal", peer({ peerASN: undefined, dynamicASN: "internal", ebgpMultiHop: true }), ""],
  ["V67", "v1beta1 ebgpMultiHop within one AS", oldPeer({ peerASN: 64500, ebgpMultiHop: true }), "V67"],
  ["V68", "neither peerAddress nor interface", peer({ peerAddress: undefined }), "V68"],
  ["V68", "peerAddress empty", peer({ peerAddress: "" }), "V68"],
  ["V68", "interface", peer({ peerAddress: undefined, interface: "eth0" }), ""],
  ["V68", "v1beta1 peerAddress empty", oldPeer({ peerAddress: "" }), "V68"],
  ["V69", "peerAddress and interface", peer({ interface: "eth0" }), "V69"],
  ["V70", "holdTime: 2s", peer({ holdTime: "2s" }), "V70"],
  ["V70", "holdTime: 2500ms", peer({ holdTime: "2500ms" }), "V70"],
  ["V70", "holdTime: -5s", peer({ holdTime: "-5s" }), "V70"],
  ["V70", "only keepaliveTime: 500ms", peer({ keepaliveTime: "500ms" }), "V70"],
  ["V70", "only keepaliveTime: 1s", peer({ keepaliveTime: "1s" }), ""],
  ["V70", "only keepaliveTime: 300ms", peer({ keepaliveTime: "300ms" }), ""],
  ["V70", "holdTime: 0s", peer({ holdTime: "0s" }), ""],
  ["V70", "holdTime: 3s", peer({ holdTime: "3s" }), ""],
  ["V70", "holdTime: 900ms", peer({ holdTime: "900ms" }), ""],
  ["V71", "keepaliveTime above holdTime", peer({ holdTime: "90s", keepaliveTime: "91s" }), "V71"],
  ["V71", "keepaliveTime with holdTime: 0s", peer({ holdTime: "0s", keepaliveTime: "1s" }), "V71"],
  ["V71", "both 3s", peer({ holdTime: "3s", keepaliveTime: "3s" }), ""],
  ["V71", "keepaliveTime: 0s", peer({ holdTime: "90s", keepaliveTime: "0s" }), ""],
  ["V71", "v1beta1 with keepaliveTime alone", oldPeer({ keepaliveTime: "30s" }), "V71"],
  ["V71", "v1beta1 with both", oldPeer({ holdTime: "90s", keepaliveTime: "30s" }), ""],
  ["V72", "peerAddress with a prefix length", peer({ peerAddress: "192.0.2.1/32" }), "V72"],
  ["V72", "peerAddress of three octets", peer({ peerAddress: "1.1.1" }), "V72"],
  ["V72", "peerAddress as a name", peer({ peerAddress: "router" }), "V72"],
  ["V72", "peerAddress with a zone", peer({ peerAddress: "fe80::1%eth0" }), "V72"],
  ["V72", "IPv6", peer({ peerAddress: "2001:db8::1" }), ""],
  ["V72", "IPv4-mapped", peer({ peerAddress: "::ffff:192.0.2.1" }), ""],
  ["V73", "routerID: 1", peer({ routerID: "1" }), "V73"],
  ["V73", "routerID as IPv6", peer({ routerID: "2001:db8::1" }), ""],
  ["V73", "routerID empty", peer({ routerID: "" }), ""],
  ["V74", "sourceAddress: x", peer({ sourceAddress: "x" }), "V74"],
  ["V74", "sourceAddress", peer({ sourceAddress: "192.0.2.9" }), ""],

  // Our own kind
  ["V2", "a report", report({ node: "n", serviceName: "s", serviceNamespace: "default",
    l2: { announced: false, reason: "notOwner" },
    bgp: { peers: [{ peer: "p", intended: true, sent: false, reason: "sessionDown", message: "m", prefixes: ["192.0.2.1/32"] }] },
    inputs: { members: ["a", "b"], epoch: 3, serviceGeneration: 1 } }), ""],
  ["V1", "a report without l2.announced", report({ l2: { reason: "x" } }), "V1"],
  ["V2", "a report that names a peer twice", report({ bgp: { peers: [{ peer: "p", intended: true, sent: true }, { peer: "p", intended: true, sent: true }] } }), "V2"],

  // Metadata
  ["metadata", "a name in capitals", { ...l2({}), metadata: { name: "A", namespace: "metallb-system" } }, "metadata"],
  ["metadata", "a label with a space", { ...l2({}), metadata: { name: "a", namespace: "metallb-system", labels: { a: "b c" } } }, "metadata"],
  ["metadata", "a label key with two slashes", { ...l2({}), metadata: { name: "a", namespace: "metallb-system", labels: { "a/b/c": "" } } }, "metadata"],
  ["metadata", "an annotation key with a space", { ...l2({}), metadata: { name: "a", namespace: "metallb-system", annotations: { "a b": "" } } }, "metadata"],
  ["metadata", "labels and annotations", { ...l2({}), metadata: { name: "a.b", namespace: "metallb-system", labels: { "example.com/A_b": "c.D" }, annotations: { "Example.com/x": "any text" } } }, ""],
  ["metadata", "a label as a number", { ...l2({}), metadata: { name: "a", namespace: "metallb-system", labels: { a: 1 } } }, "V2"],
  ["metadata", "a label that is null", { ...l2({}), metadata: { name: "a", namespace: "metallb-system", labels: { a: null } } }, ""],
  ["V24", "a pool without a name", { ...pool(ADDRESSES), metadata: { namespace: "metallb-system" } }, "V24"],
  ["V61", "a profile without a name", { ...bfd({}), metadata: { namespace: "metallb-system" } }, "V61"],
];

export const CASES: readonly Case[] = ROWS.map(([rule, given, manifest, refusedBy, becomes]) => ({
  rule,
  given,
  manifest,
  refusedBy: refusedBy === "" ? [] : refusedBy.split(" "),
  ...(becomes !== undefined && { becomes }),
}));

/** Rules on changes: rule, what changes, before, after, whether it is refused. */
// prettier-ignore
export const CHANGES: readonly [rule: string, given: string, before: Manifest, now: Manifest, refused: boolean][] = [
  ["V8", "true, then false", peer({ enableGracefulRestart: true }), peer({ enableGracefulRestart: false }), true],
  ["V8", "false, then true", peer({ enableGracefulRestart: false }), peer({ enableGracefulRestart: true }), true],
  ["V8", "true, then true", peer({ enableGracefulRestart: true }), peer({ enableGracefulRestart: true, vrf: "red" }), false],
  ["V8", "absent, then true", peer({}), peer({ enableGracefulRestart: true }), false],
  ["V8", "true, then absent", peer({ enableGracefulRestart: true }), peer({}), false],
  ["V13", "node a, then b", l2Status({ node: "a" }), l2Status({ node: "b" }), true],
  ["V13", "node unset, then a", l2Status({}), l2Status({ node: "a" }), false],
  ["V13", "node a, then unset", l2Status({ node: "a" }), l2Status({}), false],
  ["V13", "serviceName a, then b", l2Status({ serviceName: "a" }), l2Status({ serviceName: "b" }), true],
  ["V13", "serviceNamespace a, then b", bgpStatus({ serviceNamespace: "a" }), bgpStatus({ serviceNamespace: "b" }), true],
  ["V13", "peers change", bgpStatus({ node: "a", peers: ["p"] }), bgpStatus({ node: "a", peers: [] }), false],
  ["V13", "node of our report a, then b", report({ node: "a" }), report({ node: "b" }), true],
];
