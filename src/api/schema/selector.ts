import { list, object, optional, rule, text, textMap } from "./build.ts";

interface Requirement {
  readonly operator: string;
  readonly values?: readonly string[];
}

const OPERATORS = { withValues: ["In", "NotIn"], without: ["Exists", "DoesNotExist"] };

/** The part of V23 that fits the API server's cost limits: keys and values would need a regular expression. */
const operatorFitsValues = rule<Requirement>({
  cel:
    "has(self.values) && self.values.size() > 0 " +
    "? (self.operator == 'In' || self.operator == 'NotIn') " +
    ": (self.operator == 'Exists' || self.operator == 'DoesNotExist')",
  message: "operator is In or NotIn with values, or Exists or DoesNotExist without",
  is: "V23",
  code: "badSelector",
  beyond: true,
  holds: ({ operator, values = [] }) =>
    (values.length > 0 ? OPERATORS.withValues : OPERATORS.without).includes(operator),
});

/** `metav1.LabelSelector`: labels and expressions are ANDed; `{}` matches everything. */
export const labelSelector = object(
  {
    matchExpressions: optional(
      list(
        object(
          {
            key: text("Label key."),
            operator: text("In, NotIn, Exists or DoesNotExist."),
            values: optional(
              list(text("Label value."), "Values for In and NotIn; none for the others.", {
                "x-kubernetes-list-type": "atomic",
              }),
            ),
          },
          "One requirement on a label.",
          { rules: [operatorFitsValues] },
        ),
        "Requirements; all must hold.",
        { "x-kubernetes-list-type": "atomic" },
      ),
    ),
    matchLabels: optional(textMap("Labels that must have exactly these values.")),
  },
  "Selects objects by their labels; an empty selector matches everything.",
  { "x-kubernetes-map-type": "atomic" },
);

export const selectors = (description: string) => optional(list(labelSelector, description));

/** The selector of BGPPeer v1beta1: each requirement has at least one value. */
export const nodeSelectorV1beta1 = object(
  {
    matchExpressions: optional(
      list(
        object(
          {
            key: text("Label key."),
            operator: text("In or NotIn."),
            values: list(text("Label value."), "At least one value.", { minItems: 1, is: "V12" }),
          },
          "One requirement on a label.",
          { rules: [operatorFitsValues] },
        ),
        "Requirements; all must hold.",
      ),
    ),
    matchLabels: optional(textMap("Labels that must have exactly these values.")),
  },
  "Selects nodes by their labels; an empty selector matches every node.",
);
