/** The templates, compiled once; those of the bundle are compiled when it is built (`scripts/bundle.mjs`). */
import { readFileSync } from "node:fs";
import Handlebars from "handlebars";
import OPTIONS from "./options.json" with { type: "json" };
import { rendered, word, words } from "./word.ts";

const frr = Handlebars.create(); // our own instance: no helpers from elsewhere
frr.registerHelper("word", word);
frr.registerHelper("words", words);
frr.registerHelper("rendered", rendered);

frr.registerPartial(
  "neighbor",
  frr.compile(readFileSync(new URL("./neighbor.hbs", import.meta.url), "utf8"), OPTIONS),
);

export const templates = {
  logging: frr.compile(readFileSync(new URL("./logging.hbs", import.meta.url), "utf8"), OPTIONS),
  bgpProcess: frr.compile(
    readFileSync(new URL("./bgp-process.hbs", import.meta.url), "utf8"),
    OPTIONS,
  ),
  routeMaps: frr.compile(
    readFileSync(new URL("./route-maps.hbs", import.meta.url), "utf8"),
    OPTIONS,
  ),
  network: frr.compile(readFileSync(new URL("./network.hbs", import.meta.url), "utf8"), OPTIONS),
  router: frr.compile(readFileSync(new URL("./router.hbs", import.meta.url), "utf8"), OPTIONS),
  bfd: frr.compile(readFileSync(new URL("./bfd.hbs", import.meta.url), "utf8"), OPTIONS),
} as const;
