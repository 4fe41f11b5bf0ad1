/** What the browser gets, read once with the program; the bundle carries the texts. */
import { readFileSync } from "node:fs";

export interface Asset {
  readonly type: string;
  readonly text: string;
}

/** By path. */
export const ASSETS: ReadonlyMap<string, Asset> = new Map([
  [
    "/",
    {
      type: "text/html; charset=utf-8",
      text: readFileSync(new URL("./assets/page.html", import.meta.url), "utf8"),
    },
  ],
  [
    "/page.css",
    {
      type: "text/css; charset=utf-8",
      text: readFileSync(new URL("./assets/page.css", import.meta.url), "utf8"),
    },
  ],
  [
    "/page.js",
    {
      type: "text/javascript; charset=utf-8",
      text: readFileSync(new URL("./assets/page.js", import.meta.url), "utf8"),
    },
  ],
]);
