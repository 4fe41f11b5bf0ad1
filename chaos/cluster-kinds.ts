/** Faults that need an API server: of the server, of rights, of objects that it keeps. */
import { NONE, at } from "./kind.ts";
import type { Kind } from "./kind.ts";

/** Backoffs against an API server end at 10 s; then a controller leads, and its addresses are seen. */
const RETRIED = at(16_000, 18_000);

export const CLUSTER_KINDS = {
  "object-refused": {
    on: "manifests",
    only: "cluster",
    effects: [],
    lastsMs: [500, 500],
    begin: NONE,
    heal: NONE,
    why: "the API server's schema keeps it out",
  },
  "object-broken": {
    on: "manifests",
    only: "cluster",
    effects: [],
    lastsMs: [1000, 10_000],
    begin: NONE,
    heal: NONE,
    why: "the schema lets it in: what turns bad keeps acting in its last good version",
  },
  "bgp-advertisement-gone": {
    on: "manifests",
    only: "cluster",
    effects: ["noBgp"],
    lastsMs: [2000, 8000],
    begin: at(0, 6000),
    heal: at(0, 6000),
    why: "then every route has to go",
  },
  "l2-advertisement-gone": {
    on: "manifests",
    only: "cluster",
    effects: ["noL2"],
    lastsMs: [2000, 8000],
    begin: at(5000, 0),
    heal: at(5000, 0),
    why: "then nobody has to answer",
  },
  "rbac-speaker": {
    on: "api",
    only: "cluster",
    effects: ["unheard"],
    lastsMs: [2000, 10_000],
    begin: NONE,
    heal: RETRIED,
    why: "the speakers' bindings are gone, and their watches are cut: they see and write nothing",
  },
  "rbac-controller": {
    on: "api",
    only: "cluster",
    effects: ["controller"],
    lastsMs: [2000, 10_000],
    begin: NONE,
    heal: RETRIED,
    why: "the controller's bindings are gone: it neither reads nor leads",
  },
  "apiserver-kill": {
    on: "api",
    only: "cluster",
    effects: ["unheard", "controller"],
    lastsMs: [500, 4000],
    begin: NONE,
    heal: RETRIED,
    why: "started again it takes seconds; then everyone asks again, with a backoff of 10 s at most",
  },
  "apiserver-pause": {
    on: "api",
    only: "cluster",
    effects: ["unheard", "controller"],
    lastsMs: [1000, 8000],
    begin: NONE,
    heal: RETRIED,
    why: "connections stay and say nothing",
  },
  "watch-cut": {
    on: "api",
    only: "cluster",
    effects: ["unheard"],
    lastsMs: [300, 300],
    begin: NONE,
    heal: at(6000, 7000),
    why: "every connection to the API server ends at once; watches are resumed",
  },
} as const satisfies Readonly<Record<string, Kind>>;
