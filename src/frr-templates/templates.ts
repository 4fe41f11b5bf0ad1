/** The templates, compiled once. The bundle carries their texts: it replaces each readFileSync by the text. */
import { readFileSync } from "node:fs";
import Handlebars from "handlebars";
import { word, words } from "./word.ts";

const frr = Handlebars.create(); // our own instance: no helpers from elsewhere
frr.registerHelper("word", word);
frr.registerHelper("words", words);

const OPTIONS = {
  noEscape: true,
  strict: true,
  knownHelpersOnly: true,
  knownHelpers: { word: true, words: true },
};

const logging = readFileSync(new URL("./logging.hbs", import.meta.url), "utf8");
const bgpProcess = readFileSync(new URL("./bgp-process.hbs", import.meta.url), "utf8");
const routeMaps = readFileSync(new URL("./route-maps.hbs", import.meta.url), "utf8");
const router = readFileSync(new URL("./router.hbs", import.meta.url), "utf8");
const neighbor = readFileSync(new URL("./neighbor.hbs", import.meta.url), "utf8");
const bfd = readFileSync(new URL("./bfd.hbs", import.meta.url), "utf8");

frr.registerPartial("neighbor", frr.compile(neighbor, OPTIONS));

export const templates = {
  logging: frr.compile(logging, OPTIONS),
  bgpProcess: frr.compile(bgpProcess, OPTIONS),
  routeMaps: frr.compile(routeMaps, OPTIONS),
  router: frr.compile(router, OPTIONS),
  bfd: frr.compile(bfd, OPTIONS),
} as const;
