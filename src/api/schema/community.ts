import { list, object, optional, rule, text } from "./build.ts";

export const communitySpec = object(
  {
    communities: optional(
      list(
        object(
          {
            name: optional(text("Alias, unique over all Community resources.")),
            value: optional(text("A:B, or large:A:B:C.")),
          },
          "One alias.",
          {
            rules: [
              rule<{ readonly value?: string }>({
                cel: "has(self.value) && self.value != ''",
                message: "an alias needs a value, A:B or large:A:B:C",
                is: "V57",
                code: "badCommunity",
                beyond: true,
                holds: ({ value }) => (value ?? "") !== "",
              }),
            ],
          },
        ),
        "Aliases for use in the communities of a BGPAdvertisement.",
      ),
    ),
  },
  "Names for BGP communities.",
);
