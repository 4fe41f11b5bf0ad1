/**
 * The verdict on one AdmissionReview: crds reference 2.2, 2.4 and 5. Pure. What MetalLB's webhooks accept is
 * never refused here; what only the whole configuration can tell comes back as a warning.
 */
import type { Problem } from "../api/problem.ts";
import { checkObject, checkUpdate } from "../api/schema-check.ts";
import type { Snapshot } from "../api/snapshot.ts";
import { fieldsOf, textAt, valueAt } from "../config/read.ts";
import { parseConfig } from "../config/parse.ts";
import { reviewedSnapshot } from "./reviewed-snapshot.ts";
import { allowed, denied, requestOf } from "./review.ts";
import type { AdmissionRequest, AdmissionReview } from "./review.ts";

interface Examined {
  readonly versions: readonly string[];
  readonly operations: readonly string[];
  /** Rules beside the schema's that refuse; every other problem is a warning. */
  readonly refuses: ReadonlySet<string>;
}

const rules = (...ranges: readonly (readonly [number, number])[]): ReadonlySet<string> =>
  new Set(
    ranges.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => `V${from + i}`)),
  );

const WRITES = ["CREATE", "UPDATE"];

/** V15: what is not in this table is never examined (crds reference 5.1). */
const EXAMINED: Readonly<Record<string, Examined>> = {
  BGPPeer: {
    versions: ["v1beta1", "v1beta2"],
    operations: WRITES,
    refuses: rules([20, 23], [63, 75], [81, 84]),
  },
  IPAddressPool: { versions: ["v1beta1"], operations: WRITES, refuses: rules([20, 34]) },
  BGPAdvertisement: {
    versions: ["v1beta1"],
    operations: WRITES,
    refuses: rules([20, 23], [41, 50], [55, 55]),
  },
  L2Advertisement: {
    versions: ["v1beta1"],
    operations: WRITES,
    refuses: rules([20, 23], [38, 38]),
  },
  Community: { versions: ["v1beta1"], operations: WRITES, refuses: rules([57, 58]) },
  BFDProfile: { versions: ["v1beta1"], operations: ["CREATE", "DELETE"], refuses: rules() },
};

/** Rules of the schema: the API server refuses these itself, before any webhook is asked. */
const SCHEMA = rules([1, 14]);
/** What the typed form cannot hold. */
const UNDECODABLE = new Set(["V2", "V17"]);

const line = (p: Problem): string => `${p.rule} ${p.path}: ${p.message}`;
const lines = (problems: readonly Problem[]): string => problems.map(line).join("\n");

export function admit(review: unknown, existing: Snapshot): AdmissionReview {
  const request = requestOf(review);
  if (request === null)
    return denied(
      uidIn(review),
      400,
      "not an AdmissionReview of admission.k8s.io/v1 with a request",
    );
  const { group, kind, version, operation, subResource, uid } = request;
  const examined = Object.hasOwn(EXAMINED, kind) ? EXAMINED[kind] : undefined;
  if (
    examined === undefined ||
    group !== "metallb.io" ||
    subResource !== "" ||
    !examined.versions.includes(version) ||
    !examined.operations.includes(operation)
  )
    return allowed(uid);
  return operation === "DELETE"
    ? deletionVerdict(request, existing)
    : writeVerdict(request, examined, existing);
}

const uidIn = (review: unknown): string =>
  textAt(fieldsOf(valueAt(fieldsOf(review), "request")), "uid") ?? "";

/** V19: by name alone, so a profile of that name in another namespace is kept too. */
function deletionVerdict({ uid, name }: AdmissionRequest, existing: Snapshot): AdmissionReview {
  const users = (existing.bgpPeers as readonly unknown[])
    .map(fieldsOf)
    .filter((peer) => {
      const namespace = textAt(fieldsOf(valueAt(peer, "metadata")), "namespace");
      const profile = textAt(fieldsOf(valueAt(peer, "spec")), "bfdProfile") ?? "";
      return (namespace ?? existing.namespace) === existing.namespace && profile === name;
    })
    .map((peer) => textAt(fieldsOf(valueAt(peer, "metadata")), "name") ?? "")
    .sort();
  return users.length === 0 || name === ""
    ? allowed(uid)
    : denied(
        uid,
        403,
        `V19 metadata.name: BFDProfile ${JSON.stringify(name)} is used by BGPPeer ${users.join(", ")}: take it out there first`,
      );
}

/** The object as the API server hands it on: apiVersion and kind are those of the request. */
const typed = (object: unknown, { group, version, kind }: AdmissionRequest): unknown => ({
  ...fieldsOf(object),
  apiVersion: `${group}/${version}`,
  kind,
});

const undecodable = (object: unknown): readonly Problem[] =>
  checkObject(object).problems.filter((p) => UNDECODABLE.has(p.rule));

function writeVerdict(
  request: AdmissionRequest,
  examined: Examined,
  existing: Snapshot,
): AdmissionReview {
  const { uid, kind, operation, namespace } = request;
  const object = typed(request.object, request);
  const before = typed(request.oldObject, request);
  const broken = [...undecodable(object), ...(operation === "UPDATE" ? undecodable(before) : [])];
  if (broken.length > 0) return denied(uid, 400, lines(broken));
  if (kind === "BGPPeer" && operation === "CREATE" && disablesMp(object))
    return allowed(uid, ["V18 spec.disableMP: deprecated and without effect: remove it"]);
  if (operation === "CREATE" && namespace !== existing.namespace)
    return denied(
      uid,
      403,
      `V16 metadata.namespace: only objects in namespace ${JSON.stringify(existing.namespace)} count: create it there`,
    );
  const { snapshot, ref } = reviewedSnapshot(object, kind, existing);
  const problems = [
    ...parseConfig(snapshot).problems.filter(
      (p) => p.object.kind === kind && p.object.name === ref.name,
    ),
    ...(operation === "UPDATE" ? checkUpdate(before, object) : []),
  ];
  const refuses = (p: Problem): boolean =>
    p.severity === "error" && (examined.refuses.has(p.rule) || SCHEMA.has(p.rule));
  const refusals = problems.filter(refuses);
  const warnings = problems.filter((p) => !refuses(p)).map(line);
  return refusals.length === 0
    ? allowed(uid, warnings)
    : denied(uid, 403, lines(refusals), warnings);
}

const disablesMp = (object: unknown): boolean =>
  valueAt(fieldsOf(valueAt(fieldsOf(object), "spec")), "disableMP") === true;
