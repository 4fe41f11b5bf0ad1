import { list, object, optional, text } from "./build.ts";

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
        ),
        "Aliases for use in the communities of a BGPAdvertisement.",
      ),
    ),
  },
  "Names for BGP communities.",
);
