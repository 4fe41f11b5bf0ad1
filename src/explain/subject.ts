/** An answer about something that is no Service: a pool, a peer, an address. */
import type { ObjectRef } from "../api/objects.ts";
import type { Step } from "./explanation.ts";

export interface SubjectAnswer {
  /** Kind `Address` has the address as its name. */
  readonly subject: ObjectRef;
  /** It does what it is there for. */
  readonly ok: boolean;
  readonly because: Step;
  readonly steps: readonly Step[];
}

/** The first `no` decides, else the first step. */
export function subjectAnswer(
  subject: ObjectRef,
  first: Step,
  ...more: readonly Step[]
): SubjectAnswer {
  const steps = [first, ...more];
  const because = steps.find((s) => s.verdict === "no") ?? first;
  return { subject, ok: because.verdict !== "no", because, steps };
}
