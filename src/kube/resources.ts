/** Which resources are followed, where they live, and what is kept of each object: memory is per object. */
import type { KubeObject, Metadata } from "../api/objects.ts";
import type { Snapshot } from "../api/snapshot.ts";

export type ListName = Exclude<keyof Snapshot, "namespace">;

export interface Resource {
  /** API path up to the plural, with the namespace where there is one. */
  readonly path: (namespace: string) => string;
  readonly query?: Readonly<Record<string, string>>;
  readonly apiVersion: string;
  readonly kind: string;
}

const own = (group: string, plural: string) => (namespace: string) =>
  `/apis/${group}/namespaces/${namespace}/${plural}`;
const everywhere = (path: string) => () => path;

export const METALLB_V1BETA1 = "metallb.io/v1beta1";
export const METALLB_V1BETA2 = "metallb.io/v1beta2";
export const FERROLB_V1ALPHA1 = "ferrolb.io/v1alpha1";

export const RESOURCES: Readonly<Record<ListName, Resource>> = {
  pools: {
    path: own(METALLB_V1BETA1, "ipaddresspools"),
    apiVersion: METALLB_V1BETA1,
    kind: "IPAddressPool",
  },
  l2Advertisements: {
    path: own(METALLB_V1BETA1, "l2advertisements"),
    apiVersion: METALLB_V1BETA1,
    kind: "L2Advertisement",
  },
  bgpAdvertisements: {
    path: own(METALLB_V1BETA1, "bgpadvertisements"),
    apiVersion: METALLB_V1BETA1,
    kind: "BGPAdvertisement",
  },
  bgpPeers: {
    path: own(METALLB_V1BETA2, "bgppeers"),
    apiVersion: METALLB_V1BETA2,
    kind: "BGPPeer",
  },
  bfdProfiles: {
    path: own(METALLB_V1BETA1, "bfdprofiles"),
    apiVersion: METALLB_V1BETA1,
    kind: "BFDProfile",
  },
  communities: {
    path: own(METALLB_V1BETA1, "communities"),
    apiVersion: METALLB_V1BETA1,
    kind: "Community",
  },
  services: { path: everywhere("/api/v1/services"), apiVersion: "v1", kind: "Service" },
  endpointSlices: {
    path: everywhere("/apis/discovery.k8s.io/v1/endpointslices"),
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
  },
  nodes: { path: everywhere("/api/v1/nodes"), apiVersion: "v1", kind: "Node" },
  namespaces: { path: everywhere("/api/v1/namespaces"), apiVersion: "v1", kind: "Namespace" },
  secrets: {
    path: (ns) => `/api/v1/namespaces/${ns}/secrets`,
    apiVersion: "v1",
    kind: "Secret",
  },
  configMaps: {
    path: (ns) => `/api/v1/namespaces/${ns}/configmaps`,
    query: { fieldSelector: "metadata.name=bgpextras" },
    apiVersion: "v1",
    kind: "ConfigMap",
  },
  pods: { path: (ns) => `/api/v1/namespaces/${ns}/pods`, apiVersion: "v1", kind: "Pod" },
};

/** Last-applied text alone can be larger than all that we read. */
const DROPPED_ANNOTATIONS = ["kubectl.kubernetes.io/last-applied-configuration"];
const OUR_ANNOTATIONS = /^(metallb\.io|metallb\.universe\.tf|ferrolb\.io)\//;

type Raw = KubeObject & Readonly<Record<string, unknown>>;
const part = (value: unknown): Readonly<Record<string, unknown>> =>
  value !== null && typeof value === "object" ? (value as Readonly<Record<string, unknown>>) : {};
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const isText = (value: unknown): value is string => typeof value === "string";
const isPart = (value: unknown): boolean => value !== null && typeof value === "object";

/*
 * Kept objects are made key by key in one order, so that objects of one kind share one shape: `Object.fromEntries`, spread
 * into another object, gives each a shape of its own, which takes as much memory as what it describes.
 */

/** Texts by key: an object whose type says so is believed only as far as it is so, and harms itself alone. */
function texts(value: unknown): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [key, text] of Object.entries(part(value))) if (isText(text)) kept[key] = text;
  return kept;
}

/** Only these keys, and only where `as` gives something for what is there. */
function pickAs(
  from: unknown,
  keys: readonly string[],
  as: (value: unknown) => unknown,
): Record<string, unknown> {
  const source = part(from);
  const kept: Record<string, unknown> = {};
  for (const key of keys) {
    const value = source[key] === undefined ? undefined : as(source[key]);
    if (value !== undefined) kept[key] = value;
  }
  return kept;
}

/** Only these keys, and only where they are. */
const pick = (from: unknown, ...keys: readonly string[]): Record<string, unknown> =>
  pickAs(from, keys, (value) => value);

/** Only these keys, and only where they hold a text. */
const pickTexts = (from: unknown, ...keys: readonly string[]): Record<string, unknown> =>
  pickAs(from, keys, (value) => (isText(value) ? value : undefined));

/** Only these keys, and of their lists only texts. */
const pickLists = (from: unknown, ...keys: readonly string[]): Record<string, unknown> =>
  pickAs(from, keys, (value) => listOf(value).filter(isText));

/** `resourceVersion` is kept only where we write with it: heartbeats change it and nothing else. */
function metadataOf(
  raw: Raw,
  keepAnnotation: (key: string) => boolean,
  ...more: readonly string[]
): Metadata {
  const annotations = Object.entries(texts(raw.metadata.annotations)).filter(([k]) =>
    keepAnnotation(k),
  );
  const { labels } = raw.metadata;
  return {
    ...(pick(
      raw.metadata,
      "name",
      "namespace",
      "creationTimestamp",
      "generation",
      "uid",
      "deletionTimestamp",
      ...more,
    ) as unknown as Metadata),
    ...(labels !== undefined && { labels: texts(labels) }),
    ...(annotations.length > 0 && { annotations: Object.fromEntries(annotations) }),
  };
}

const ours = (key: string): boolean => OUR_ANNOTATIONS.test(key);
const none = (): boolean => false;

const serviceStatus = (status: Readonly<Record<string, unknown>>): Record<string, unknown> => ({
  ...(status["loadBalancer"] !== undefined && {
    loadBalancer: {
      ingress: listOf(part(status["loadBalancer"])["ingress"])
        .filter(isPart)
        .filter((entry) => isText(part(entry)["ip"] ?? "")),
    },
  }),
  ...(status["conditions"] !== undefined && {
    conditions: listOf(status["conditions"]).filter(isPart),
  }),
});

/** An EndpointSlice changes its resourceVersion often; what is read of it seldom changes. */
const KEEP: Partial<Readonly<Record<ListName, (raw: Raw) => Readonly<Record<string, unknown>>>>> = {
  services: (raw) => ({
    metadata: metadataOf(raw, ours, "resourceVersion"),
    spec: {
      ...pickTexts(
        raw["spec"],
        "type",
        "clusterIP",
        "ipFamilyPolicy",
        "loadBalancerClass",
        "loadBalancerIP",
        "externalTrafficPolicy",
      ),
      ...pickLists(raw["spec"], "clusterIPs", "ipFamilies"),
      ...(part(raw["spec"])["selector"] !== undefined && {
        selector: texts(part(raw["spec"])["selector"]),
      }),
      ports: listOf(part(raw["spec"])["ports"]).map((p) => ({
        ...pickTexts(p, "name", "protocol"),
        ...(typeof part(p)["port"] === "number" && { port: part(p)["port"] }),
      })),
    },
    status: serviceStatus(part(raw["status"])),
  }),
  endpointSlices: (raw) => ({
    metadata: metadataOf(raw, none),
    addressType: raw["addressType"],
    endpoints: listOf(raw["endpoints"]).map((e) => ({
      ...pickTexts(e, "nodeName"),
      ...(isPart(part(e)["conditions"]) && { conditions: part(e)["conditions"] }),
      addresses: listOf(part(e)["addresses"]).filter(isText),
    })),
  }),
  nodes: (raw) => ({
    metadata: metadataOf(raw, ours),
    spec: {
      ...pick(raw["spec"], "unschedulable"),
      ...(part(raw["spec"])["taints"] !== undefined && {
        taints: listOf(part(raw["spec"])["taints"]).filter(isPart),
      }),
    },
    status: {
      ...(part(raw["status"])["addresses"] !== undefined && {
        addresses: listOf(part(raw["status"])["addresses"]).filter(isPart),
      }),
      // Heartbeats rewrite all conditions every few minutes; two of them matter.
      conditions: listOf(part(raw["status"])["conditions"])
        .map((c) => pickTexts(c, "type", "status"))
        .filter(({ type }) => type === "NetworkUnavailable" || type === "Ready"),
    },
  }),
  namespaces: (raw) => ({ metadata: metadataOf(raw, none) }),
  secrets: (raw) =>
    raw["type"] === "kubernetes.io/basic-auth"
      ? {
          metadata: metadataOf(raw, none),
          type: raw["type"],
          data: pick(raw["data"], "password"),
        }
      : // Other Secrets matter only by being there with another type.
        { metadata: metadataOf(raw, none), type: raw["type"] },
  pods: (raw) => ({
    metadata: metadataOf(raw, none),
    spec: pick(raw["spec"], "nodeName"),
    status: pick(raw["status"], "phase", "podIP"),
  }),
};

/**
 * What the core reads of an object; the rest is forgotten at once.
 *
 * @param blind lists of which nobody here reads the status
 */
export function keepFor(
  list: ListName,
  blind: readonly ListName[] = [],
): (raw: KubeObject) => KubeObject {
  const { apiVersion, kind } = RESOURCES[list];
  const keep = KEEP[list];
  return (object) => {
    const raw = object as Raw;
    if (keep !== undefined) return { apiVersion, kind, ...keep(raw) } as unknown as KubeObject;
    const { metadata: _, status, ...rest } = raw;
    const metadata = metadataOf(raw, (key) => !DROPPED_ANNOTATIONS.includes(key));
    const isRead = status !== undefined && !blind.includes(list);
    return { ...rest, ...(isRead && { status }), apiVersion, kind, metadata };
  };
}
