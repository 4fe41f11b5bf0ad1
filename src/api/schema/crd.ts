/** CustomResourceDefinitions from the schemas: `deploy/kustomize/crds` is generated from here. */
import type { TSchema } from "@sinclair/typebox";
import type { Keywords, Rule } from "./build.ts";
import { objectSchema } from "./kinds.ts";
import type { Kind, Version } from "./kinds.ts";

type Json = Readonly<Record<string, unknown>>;
type Schema = TSchema &
  Keywords & {
    readonly properties?: Readonly<Record<string, Schema>>;
    readonly items?: Schema;
    readonly additionalProperties?: Schema;
    readonly required?: readonly string[];
  };

/** In the order in which they are written. */
const PLAIN = [
  "description",
  "type",
  "format",
  "default",
  "enum",
  "pattern",
  "minimum",
  "maximum",
  "minLength",
  "maxLength",
  "minItems",
] as const;
const EXTENSIONS = [
  "x-kubernetes-list-map-keys",
  "x-kubernetes-list-type",
  "x-kubernetes-map-type",
] as const;

const pick = (schema: Schema, keys: readonly (keyof Keywords | "type")[]): Json =>
  Object.fromEntries(keys.filter((k) => schema[k] !== undefined).map((k) => [k, schema[k]]));

const validations = (rules: readonly Rule[]): Json[] =>
  rules.map(({ cel, message }) => ({ rule: cel, message }));

function structural(schema: Schema): Json {
  const { properties, items, additionalProperties, required = [], rules = [] } = schema;
  return {
    ...pick(schema, PLAIN),
    ...(properties && {
      properties: Object.fromEntries(
        Object.entries(properties)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([name, property]) => [name, structural(property)]),
      ),
    }),
    ...(items && { items: structural(items) }),
    ...(additionalProperties && { additionalProperties: structural(additionalProperties) }),
    ...(required.length > 0 && { required: [...required].sort() }),
    ...pick(schema, EXTENSIONS),
    ...(rules.length > 0 && { "x-kubernetes-validations": validations(rules) }),
  };
}

function versionOf(kind: Kind, version: Version): Json {
  const { properties, required } = structural(objectSchema(version));
  return {
    name: version.name,
    served: true,
    storage: version.storage,
    ...(version.deprecationWarning !== undefined && {
      deprecated: true,
      deprecationWarning: version.deprecationWarning,
    }),
    subresources: { status: {} },
    ...(kind.columns.length > 0 && {
      additionalPrinterColumns: kind.columns.map(({ name, type, jsonPath, priority }) => ({
        name,
        type,
        ...(priority !== undefined && { priority }),
        jsonPath,
      })),
    }),
    schema: {
      openAPIV3Schema: {
        description: kind.description,
        type: "object",
        properties: {
          apiVersion: { type: "string", description: "Group and version of this object." },
          kind: { type: "string", description: "Kind of this object." },
          metadata: { type: "object" },
          ...(properties as Json),
        },
        ...(required !== undefined && { required }),
      },
    },
  };
}

/** The namespace is the manifests' default; kustomize and the chart put their own in its place. */
const conversionOf = (path: string): Json => ({
  strategy: "Webhook",
  webhook: {
    conversionReviewVersions: ["v1beta1", "v1"],
    clientConfig: {
      service: { name: "metallb-webhook-service", namespace: "metallb-system", path },
    },
  },
});

export const crdFor = (kind: Kind): Json => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: `${kind.plural}.${kind.group}` },
  spec: {
    group: kind.group,
    names: {
      kind: kind.kind,
      listKind: `${kind.kind}List`,
      plural: kind.plural,
      singular: kind.singular,
    },
    scope: "Namespaced",
    ...(kind.convertedAt !== undefined && { conversion: conversionOf(kind.convertedAt) }),
    versions: kind.versions.map((version) => versionOf(kind, version)),
  },
});
