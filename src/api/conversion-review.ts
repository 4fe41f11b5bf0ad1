/** ConversionReview of BGPPeer: a pure function of the request, in either version the API server speaks. */
import { AppError } from "../errors.ts";
import { specDown, specUp } from "./convert.ts";
import { bgpPeerSpec, bgpPeerV1beta1Spec } from "./schema/bgp-peer.ts";
import { walk } from "./schema/walk.ts";

type Json = Readonly<Record<string, unknown>>;

const REVIEWS = ["apiextensions.k8s.io/v1", "apiextensions.k8s.io/v1beta1"];

const fieldsOf = (v: unknown): Json =>
  Object.fromEntries(typeof v === "object" && v !== null ? Object.entries(v) : []);

const VERSIONS: Readonly<
  Record<
    string,
    { schema: typeof bgpPeerSpec | typeof bgpPeerV1beta1Spec; from: (spec: object) => Json }
  >
> = {
  // `from`: what its spec is in the other version.
  "metallb.io/v1beta1": { schema: bgpPeerV1beta1Spec, from: specUp },
  "metallb.io/v1beta2": { schema: bgpPeerSpec, from: specDown },
};

/** Only what the typed form cannot hold is refused here: the rest was checked when it was written. */
const UNDECODABLE = new Set(["V2", "V17"]);

function convert(object: unknown, to: string): Json {
  const peer = fieldsOf(object);
  const [from, kind] = [peer["apiVersion"], peer["kind"]];
  const version =
    typeof from === "string" && Object.hasOwn(VERSIONS, from) ? VERSIONS[from] : undefined;
  if (kind !== "BGPPeer" || version === undefined || !Object.hasOwn(VERSIONS, to))
    throw new AppError(
      "ERR_BAD_CONVERSION",
      `only BGPPeer converts, between ${Object.keys(VERSIONS).join(" and ")}`,
    );
  if (from === to) return peer;
  const { value, findings } = walk(version.schema, peer["spec"] ?? {}, "spec", false);
  const bad = findings.find(({ is }) => UNDECODABLE.has(is));
  if (bad !== undefined) throw new AppError("ERR_BAD_CONVERSION", `${bad.path} ${bad.message}`);
  return {
    apiVersion: to,
    kind,
    metadata: peer["metadata"] ?? {},
    spec: version.from(value as object),
    status: {},
  };
}

/**
 * The ConversionReview with the `response`; one object that does not convert fails the request, as the API
 * server wants it.
 * @throws AppError `ERR_BAD_CONVERSION` for what is no ConversionReview with a request.
 */
export function convertReview(review: unknown): Json {
  const { apiVersion, kind, request } = fieldsOf(review);
  const { uid, desiredAPIVersion, objects } = fieldsOf(request);
  if (
    kind !== "ConversionReview" ||
    typeof apiVersion !== "string" ||
    !REVIEWS.includes(apiVersion) ||
    typeof uid !== "string" ||
    typeof desiredAPIVersion !== "string" ||
    !Array.isArray(objects)
  )
    throw new AppError(
      "ERR_BAD_CONVERSION",
      "not a ConversionReview with uid, version and objects",
    );
  return { apiVersion, kind, response: { uid, ...converted(objects, desiredAPIVersion) } };
}

function converted(objects: readonly unknown[], to: string): Json {
  try {
    return {
      convertedObjects: objects.map((object) => convert(object, to)),
      result: { status: "Success" },
    };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { convertedObjects: [], result: { status: "Failure", message } };
  }
}
