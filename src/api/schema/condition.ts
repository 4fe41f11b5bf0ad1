import { integer, list, object, oneOf, optional, text } from "./build.ts";

/** Text patterns of `metav1.Condition`, Kubernetes API conventions. */
const TYPE =
  "^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?" +
  "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$";
const REASON = "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$";

export const conditions = list(
  object(
    {
      lastTransitionTime: text("When the condition was last reported.", { format: "date-time" }),
      message: text("Details for people.", { maxLength: 32768 }),
      observedGeneration: optional(
        integer("Generation of the object that was looked at.", { format: "int64", minimum: 0 }),
      ),
      reason: text("One word for programs.", { minLength: 1, maxLength: 1024, pattern: REASON }),
      status: oneOf(["True", "False", "Unknown"], "Whether the condition holds."),
      type: text("What the condition is about.", { maxLength: 316, pattern: TYPE }),
    },
    "One aspect of the state.",
  ),
  "Details, one per aspect.",
  { "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"] },
);

export const configurationStateStatus = object(
  {
    conditions: optional(conditions),
    errorSummary: optional(text("Messages of the failing conditions; empty when Valid.")),
    result: optional(oneOf(["Valid", "Invalid", "Unknown"], "Outcome over all conditions.")),
  },
  "Whether a component accepted the configuration.",
  { is: "V14" },
);
