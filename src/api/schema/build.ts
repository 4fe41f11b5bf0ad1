/**
 * Building blocks of the schemas: TypeBox types whose keywords are those of a structural CRD schema, plus
 * a few of our own (`Own`) that the CRD generator leaves out. Static types, CRD YAML and the checker are
 * all read off these values.
 */
import { Type } from "@sinclair/typebox";
import type { Static, TObject, TProperties, TSchema, TUnsafe } from "@sinclair/typebox";

/**
 * A CEL rule and the same rule in TypeScript, side by side; tests hold the API server's verdict to ours.
 * `now` and `before` are well-typed; `before` exists for rules on `oldSelf` alone.
 */
export interface Rule<T = never> {
  readonly cel: string;
  readonly message: string;
  /** V1..V92. */
  readonly is: string;
  readonly code: string;
  /** Not in MetalLB's own CRDs: what its webhook or its speaker refuses, said at the API server. */
  readonly beyond?: true;
  /** The rule compares with the stored object. */
  readonly transition?: true;
  readonly holds: (now: T, before: T) => boolean;
}

/** Keywords of ours on a schema. */
export interface Own {
  /** The rule that the constraints here and below belong to, where it is not V1 (required) or V2 (type). */
  readonly is?: string;
  readonly rules?: readonly Rule[];
  /** What the field decodes into where that is narrower than the schema (V17). */
  readonly decodesAs?: "duration" | "int32" | "uint32";
  /** The value never appears in a message. */
  readonly secret?: true;
}

/** Keywords of the CRD schema that pass through as they are. */
export interface Keywords extends Own {
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly format?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly "x-kubernetes-list-type"?: "atomic" | "map";
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  readonly "x-kubernetes-map-type"?: "atomic";
}

export const text = (description: string, more: Keywords = {}): TUnsafe<string> =>
  Type.Unsafe({ type: "string", description, ...more });

/** Go duration text, decoded by those who read it. */
export const duration = (description: string, more: Keywords = {}): TUnsafe<string> =>
  text(description, { decodesAs: "duration", ...more });

export const flag = (description: string, more: Keywords = {}): TUnsafe<boolean> =>
  Type.Unsafe({ type: "boolean", description, ...more });

export const integer = (description: string, more: Keywords = {}): TUnsafe<number> =>
  Type.Unsafe({ type: "integer", description, ...more });

/** A count that may exceed what a JavaScript number holds exactly. */
export const count = (description: string, more: Keywords = {}): TUnsafe<number | bigint> =>
  Type.Unsafe({ type: "integer", format: "int64", description, ...more });

export const oneOf = <const T extends string>(
  values: readonly T[],
  description: string,
  more: Keywords = {},
): TUnsafe<T> => Type.Unsafe({ type: "string", enum: values, description, ...more });

export const list = <T extends TSchema>(
  items: T,
  description: string,
  more: Keywords = {},
): TUnsafe<readonly Static<T>[]> => Type.Unsafe({ type: "array", items, description, ...more });

export const textMap = (
  description: string,
  more: Keywords = {},
): TUnsafe<Readonly<Record<string, string>>> =>
  Type.Unsafe({
    type: "object",
    additionalProperties: { type: "string" },
    description,
    ...more,
  });

/** An object that keeps no field at all. */
export const nothing = (description: string): TUnsafe<object> =>
  Type.Unsafe({ type: "object", description });

export const object = <P extends TProperties>(
  properties: P,
  description: string,
  more: Keywords = {},
): TObject<P> => Type.Object(properties, { description, ...more });

export const optional = <T extends TSchema>(schema: T) => Type.Optional(schema);

/** A rule checked against the type of the value it is put on. */
export const rule = <T>(r: Rule<T>): Rule => r;

type Immutable<T> = T extends string | number | bigint | boolean
  ? T
  : { readonly [K in keyof T]: Immutable<T[K]> };

/** The static type of a schema, read-only all the way down. */
export type Read<T extends TSchema> = Immutable<Static<T>>;
