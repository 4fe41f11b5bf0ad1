import type { ObjectRef } from "./objects.ts";

/** One thing wrong with one object; several can be fixed at once. `rule` is V1..V92, or a name of ours. */
export interface Problem {
  readonly severity: "error" | "warning";
  readonly rule: string;
  /** A stable word for programs: `overlappingCidr`, `unknownBfdProfile`, ... */
  readonly code: string;
  readonly object: ObjectRef;
  /** JSON path of the field: `spec.addresses[1]`. */
  readonly path: string;
  /** What is wrong and what to do, for a person. */
  readonly message: string;
}
