/**
 * What an object must look like to be let in. An API server would check the built-in kinds for us; a directory
 * has none, so the fields the core reads are checked here. MetalLB's own specs are left to `src/config`.
 */
import { Type } from "@sinclair/typebox";
import type { TSchema } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import type { KubeObject } from "../api/objects.ts";
import { isObservedKind } from "../api/observed.ts";
import type { Problem } from "../api/problem.ts";
import { checkObject, isOurKind } from "../api/schema-check.ts";

const text = Type.Optional(Type.String());
const texts = Type.Optional(Type.Array(Type.String()));
const flag = Type.Optional(Type.Boolean());
const textMap = Type.Optional(Type.Record(Type.String(), Type.String()));
const port = Type.Integer({ minimum: 0, maximum: 65535 });

/** DNS-1123 subdomain: also what makes a name safe as a part of a path. */
const name = Type.String({ pattern: "^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$" });
const namespace = Type.String({ pattern: "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$" });

const metadata = Type.Object({
  name,
  namespace: Type.Optional(namespace),
  labels: textMap,
  annotations: textMap,
  creationTimestamp: text,
  generation: Type.Optional(Type.Number()),
  uid: text,
  resourceVersion: text,
  deletionTimestamp: text,
});

const object = (fields: Record<string, TSchema>): TSchema => Type.Object({ metadata, ...fields });
const part = (fields: Record<string, TSchema>): TSchema => Type.Optional(Type.Object(fields));
const list = (fields: Record<string, TSchema>): TSchema =>
  Type.Optional(Type.Array(Type.Object(fields)));
const conditions = list({ type: Type.String(), status: Type.String() });

const SERVICE = object({
  spec: part({
    type: text,
    clusterIP: text,
    clusterIPs: texts,
    ipFamilies: texts,
    ipFamilyPolicy: text,
    loadBalancerClass: text,
    loadBalancerIP: text,
    externalTrafficPolicy: text,
    internalTrafficPolicy: text,
    selector: textMap,
    ports: list({ name: text, protocol: text, port }),
  }),
  status: part({ loadBalancer: part({ ingress: list({ ip: text, hostname: text }) }) }),
});

const ENDPOINT_SLICE = object({
  addressType: text,
  endpoints: list({
    addresses: texts,
    nodeName: text,
    conditions: part({ ready: flag, serving: flag, terminating: flag }),
  }),
  ports: list({ name: text, port: Type.Optional(port), protocol: text }),
});

const NODE = object({
  spec: part({ taints: list({ key: Type.String(), effect: Type.String() }), unschedulable: flag }),
  status: part({
    addresses: list({ type: Type.String(), address: Type.String() }),
    conditions,
  }),
});

const SECRET = object({ type: text, data: textMap, stringData: textMap });
const POD = object({
  spec: part({ nodeName: text, tolerations: Type.Optional(Type.Array(Type.Unknown())) }),
  status: part({
    phase: text,
    podIP: text,
    podIPs: list({ ip: Type.String() }),
    conditions,
  }),
});
const METALLB = object({ spec: Type.Optional(Type.Record(Type.String(), Type.Unknown())) });

interface KnownKind {
  readonly versions: readonly string[];
  readonly schema: TSchema;
  readonly namespaced: boolean;
}

const core = (schema: TSchema, namespaced = true): KnownKind => ({
  versions: ["v1"],
  schema,
  namespaced,
});
const metallb: KnownKind = { versions: ["metallb.io/v1beta1"], schema: METALLB, namespaced: true };

/** The kinds of a `Snapshot`. Node and Namespace are cluster-scoped. */
const KINDS: Readonly<Record<string, KnownKind>> = {
  Service: core(SERVICE),
  EndpointSlice: { versions: ["discovery.k8s.io/v1"], schema: ENDPOINT_SLICE, namespaced: true },
  Node: core(NODE, false),
  Namespace: core(object({}), false),
  Secret: core(SECRET),
  ConfigMap: core(object({ data: textMap })),
  Pod: core(POD),
  IPAddressPool: metallb,
  L2Advertisement: metallb,
  BGPAdvertisement: metallb,
  BGPPeer: { ...metallb, versions: ["metallb.io/v1beta1", "metallb.io/v1beta2"] },
  BFDProfile: metallb,
  Community: metallb,
};

/** Versions of the API in which events and status objects come. */
const OBSERVATIONS = /^(v1|events\.k8s\.io\/v1|metallb\.io\/v1beta1|ferrolb\.io\/v1alpha1)$/;
const isObservation = (kind: string, apiVersion: string): boolean =>
  (kind === "Event" || isObservedKind(kind)) && OBSERVATIONS.test(apiVersion);

export type Admission =
  | { readonly kind: "object"; readonly object: KubeObject }
  /** Written by controllers for people: part of a dump, nothing to act on. */
  | { readonly kind: "observation"; readonly value: Readonly<Record<string, unknown>> }
  | { readonly kind: "ignored"; readonly what: string }
  | {
      readonly kind: "bad";
      readonly path: string;
      readonly message: string;
      /** What a rule of the resource itself says of it. */
      readonly problem?: Problem;
    };

const isRecord = (v: unknown): v is Record<string, unknown> =>
  typeof v === "object" && v !== null && !Array.isArray(v);

/** `/spec/ports/0/port` as `spec.ports[0].port`. */
const jsonPath = (pointer: string): string =>
  pointer
    .slice(1)
    .split("/")
    .map((p) => (/^\d+$/.test(p) ? `[${p}]` : `.${p.replaceAll("~1", "/").replaceAll("~0", "~")}`))
    .join("")
    .replace(/^\./, "");

/** A field written as null is a field not written, as at the API server. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([k, v]) => (v === null ? [] : [[k, withoutNulls(v)]])),
  );
}

/** One plain value of a document: let in, passed over, or refused with the field at fault. */
export function admit(raw: unknown, defaultNamespace: string): Admission {
  const value = withoutNulls(raw);
  if (!isRecord(value)) return { kind: "bad", path: "", message: "a manifest must be an object" };
  const { apiVersion, kind } = value;
  if (typeof kind !== "string" || typeof apiVersion !== "string")
    return { kind: "bad", path: "", message: "apiVersion and kind must be given, as text" };
  if (isObservation(kind, apiVersion)) return { kind: "observation", value };
  const known = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;
  if (!known?.versions.includes(apiVersion))
    return { kind: "ignored", what: `${kind} (${apiVersion})` };
  const error = Value.Errors(known.schema, value).First();
  if (error) {
    const bad = { kind: "bad", path: jsonPath(error.path), message: error.message } as const;
    const [problem] = isOurKind(value) ? checkObject(value).problems : [];
    return problem === undefined ? bad : { ...bad, problem };
  }
  return { kind: "object", object: placed(value, known.namespaced, defaultNamespace) };
}

/** What kubectl keeps for itself: the whole manifest once more, passwords included. */
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** With its namespace filled in (or dropped, for cluster-scoped kinds), without what only kubectl reads. */
function placed(
  value: Record<string, unknown>,
  namespaced: boolean,
  namespace: string,
): KubeObject {
  const {
    managedFields,
    namespace: own,
    annotations = {},
    ...metadata
  } = value["metadata"] as Record<string, unknown> & { annotations?: Record<string, string> };
  const { [LAST_APPLIED]: copy, ...notes } = annotations;
  return {
    ...value,
    metadata: {
      ...metadata,
      ...(Object.keys(notes).length > 0 ? { annotations: notes } : {}),
      ...(namespaced ? { namespace: own ?? namespace } : {}),
    },
  } as unknown as KubeObject; // the schema is the proof
}
