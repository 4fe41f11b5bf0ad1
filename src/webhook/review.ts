/** AdmissionReview v1 in and out. What comes in may be anything: a field of the wrong type reads as absent. */
import { fieldsOf, textAt, valueAt } from "../config/read.ts";
import type { Fields } from "../config/read.ts";

export interface AdmissionRequest {
  readonly uid: string;
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly subResource: string;
  readonly operation: string;
  readonly namespace: string;
  readonly name: string;
  readonly object: unknown;
  readonly oldObject: unknown;
}

export interface AdmissionResponse {
  readonly uid: string;
  readonly allowed: boolean;
  readonly status?: {
    readonly status: "Failure";
    readonly code: number;
    readonly reason: string;
    readonly message: string;
  };
  readonly warnings?: readonly string[];
}

export interface AdmissionReview {
  readonly apiVersion: "admission.k8s.io/v1";
  readonly kind: "AdmissionReview";
  readonly response: AdmissionResponse;
}

/** Null for what is no AdmissionReview v1 with a request that has a UID. */
export function requestOf(review: unknown): AdmissionRequest | null {
  const f = fieldsOf(review);
  const request = fieldsOf(valueAt(f, "request"));
  const uid = textAt(request, "uid") ?? "";
  if (textAt(f, "apiVersion") !== "admission.k8s.io/v1" || textAt(f, "kind") !== "AdmissionReview")
    return null;
  if (uid === "") return null;
  const kind = fieldsOf(valueAt(request, "kind"));
  const object = valueAt(request, "object");
  const oldObject = valueAt(request, "oldObject");
  const name = textAt(request, "name") || nameIn(object) || nameIn(oldObject);
  return {
    uid,
    group: textAt(kind, "group") ?? "",
    version: textAt(kind, "version") ?? "",
    kind: textAt(kind, "kind") ?? "",
    subResource: textAt(request, "subResource") ?? "",
    operation: textAt(request, "operation") ?? "",
    namespace: textAt(request, "namespace") || metadataText(object, "namespace"),
    name,
    object,
    oldObject,
  };
}

const metadataOf = (object: unknown): Fields => fieldsOf(valueAt(fieldsOf(object), "metadata"));
const metadataText = (object: unknown, key: string): string =>
  textAt(metadataOf(object), key) ?? "";
const nameIn = (object: unknown): string => metadataText(object, "name");

const reviewed = (response: AdmissionResponse): AdmissionReview => ({
  apiVersion: "admission.k8s.io/v1",
  kind: "AdmissionReview",
  response,
});

/** kubectl shows a warning up to 256 characters. */
const shortened = (text: string): string => (text.length > 256 ? `${text.slice(0, 253)}...` : text);

export const allowed = (uid: string, warnings: readonly string[] = []): AdmissionReview =>
  reviewed({
    uid,
    allowed: true,
    ...(warnings.length === 0 ? {} : { warnings: warnings.map(shortened) }),
  });

const REASONS = { 400: "BadRequest", 403: "Forbidden" } as const;

export const denied = (
  uid: string,
  code: keyof typeof REASONS,
  message: string,
  warnings: readonly string[] = [],
): AdmissionReview =>
  reviewed({
    uid,
    allowed: false,
    status: { status: "Failure", code, reason: REASONS[code], message },
    ...(warnings.length === 0 ? {} : { warnings: warnings.map(shortened) }),
  });
