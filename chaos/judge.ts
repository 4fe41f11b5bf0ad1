/** What was seen against what should be. Told of every look; keeps since when each thing is wrong. */
import { NODES } from "../src/lab/plan.ts";
import type { NodeName, RouterName } from "../src/lab/plan.ts";
import type { Clash, Excuse, Want } from "./clash.ts";
import { BASE } from "./kinds.ts";
import { prefixOf } from "./world.ts";
import type { Spot } from "./world.ts";

export type Wrong =
  /** Nobody answers for an address that should have an owner. */
  | "gap"
  /** Two nodes answer. */
  | "two"
  /** A node answers that must not. */
  | "stray"
  /** A route that should stand is not in a router's kernel. */
  | "missing"
  /** A route that should be gone is. */
  | "stale"
  /** A router was sent a withdrawal that nothing explains. */
  | "withdrawn"
  /** In the end a status object says something else than the wire. */
  | "status";

export interface Violation {
  readonly what: Wrong;
  /** The address, or the route with its router and node. */
  readonly object: string;
  readonly fromMs: number;
  readonly atMs: number;
  readonly toleranceMs: number;
  /** Faults at work, or healed just before. */
  readonly faults: readonly string[];
  readonly seen: string;
}

/** The longest that something was wrong, by what was at work; in ms. */
export interface Worst {
  readonly what: Wrong;
  readonly faults: string;
  readonly ms: number;
  readonly times: number;
}

/** One of the longest. */
export interface Long {
  readonly what: Wrong;
  readonly object: string;
  readonly fromMs: number;
  readonly ms: number;
  readonly faults: readonly string[];
}

interface Episode {
  readonly sinceMs: number;
  lastMs: number;
  toldAlready: boolean;
  faults: readonly string[];
}

/** No round for so long: the checker itself was kept from looking, and nothing is concluded. */
const BLIND_MS = { l2: 400, routes: 2000 } as const;
/** Two owners count as gone once no round showed them for so long. */
const TWO_FADES_MS = 400;
/** However many faults follow each other, nothing may stay wrong for so long. */
const EVER_MS = 90_000;
const MOST_PATIENCE = 4;
const LONGEST = 10;

export class Judge {
  readonly violations: Violation[] = [];
  readonly #worst = new Map<string, { ms: number; times: number }>();
  readonly #episodes = new Map<string, Episode>();
  readonly #long: Long[] = [];
  readonly #lastLook = new Map<string, number>();
  readonly #spots: readonly Spot[];
  readonly #clash: Clash;
  #patience = 1;
  blindMs = 0;

  constructor(spots: readonly Spot[], clash: Clash) {
    this.#spots = spots;
    this.#clash = clash;
  }

  /** Bounds are for a machine that has time; with so many times too much to do they are so many times longer. */
  load(factor: number): void {
    this.#patience = Math.min(MOST_PATIENCE, Math.max(1, factor));
    this.#clash.load(this.#patience);
  }

  /** One round of ARP or NDP questions: who answered for each address. */
  round(atMs: number, answers: ReadonlyMap<string, readonly string[]>): void {
    this.#blind("l2", atMs, BLIND_MS.l2);
    for (const spot of this.#spots) {
      if (spot.by !== "l2") continue;
      const who = [...new Set(answers.get(spot.address) ?? [])].sort();
      const want = this.#clash.l2Want(spot, atMs);
      const { address } = spot;
      const look = (what: "gap" | "two" | "stray", wrong: boolean): void =>
        this.#look(what, address, wrong, atMs, who.join("+") || "nobody", () =>
          this.#clash.l2Excuse(spot, BASE[what], atMs),
        );
      look("gap", want.owner === "must" && who.length === 0);
      look("two", who.length > 1 && !this.#clash.maySplit(atMs));
      look(
        "stray",
        who.some((node) => !(want.by as readonly string[]).includes(node)),
      );
    }
  }

  /** One look at a router's kernel: prefix to the nodes it goes through. */
  routes(router: RouterName, atMs: number, routes: ReadonlyMap<string, readonly string[]>): void {
    this.#blind(router, atMs, BLIND_MS.routes);
    for (const spot of this.#spots) {
      if (spot.by !== "bgp") continue;
      const through = routes.get(prefixOf(spot.address)) ?? [];
      for (const node of NODES) {
        const want: Want = this.#clash.routeWant(router, node, spot);
        const there = through.includes(node);
        const object = `${prefixOf(spot.address)} via ${node} at ${router}`;
        const look = (what: "missing" | "stale", wrong: boolean): void =>
          this.#look(what, object, wrong, atMs, through.join(" ") || "no route", () =>
            this.#clash.routeExcuse(router, node, spot, BASE[what], atMs),
          );
        look("missing", want === "must" && !there);
        look("stale", want === "mustNot" && there);
      }
    }
  }

  /** A router's log says that a node took a prefix back. */
  withdrawn(router: RouterName, node: NodeName, prefix: string, atMs: number): void {
    const spot = this.#spots.find((s) => prefixOf(s.address) === prefix);
    if (spot === undefined || this.#clash.mayWithdraw(router, node, spot, atMs)) return;
    this.#violate("withdrawn", `${prefix} via ${node} at ${router}`, atMs, atMs, 0, "withdrawn");
  }

  status(object: string, seen: string, atMs: number): void {
    this.#violate("status", object, atMs, atMs, 0, seen);
  }

  /** Longest first. Episodes that still last count. */
  worst(): readonly Worst[] {
    for (const [key, episode] of this.#episodes) this.#close(key, episode);
    return [...this.#worst.entries()]
      .map(([key, { ms, times }]) => {
        const [what = "", faults = ""] = key.split("\t");
        return { what: what as Wrong, faults, ms, times };
      })
      .sort((a, b) => b.ms - a.ms || (a.faults < b.faults ? -1 : 1));
  }

  /** After a time without looks the past is unknown: what was wrong begins anew. */
  #blind(eye: string, atMs: number, limitMs: number): void {
    const last = this.#lastLook.get(eye);
    this.#lastLook.set(eye, atMs);
    if (last === undefined || atMs - last <= limitMs) return;
    this.blindMs += atMs - last;
    const mine = (object: string): boolean =>
      eye === "l2" ? !object.includes(" via ") : object.endsWith(` at ${eye}`);
    for (const [key, episode] of [...this.#episodes])
      if (mine(key.split("\t")[1] ?? "")) {
        episode.lastMs = last;
        this.#close(key, episode);
      }
  }

  #look(
    what: Wrong,
    object: string,
    wrong: boolean,
    atMs: number,
    seen: string,
    excuse: () => Excuse,
  ): void {
    const key = `${what}\t${object}`;
    const before = this.#episodes.get(key);
    if (!wrong) {
      if (before === undefined) return;
      if (what === "two" && atMs - before.lastMs < TWO_FADES_MS) return;
      if (what !== "two") before.lastMs = atMs;
      this.#close(key, before);
      return;
    }
    const faults = this.#explaining(object, atMs);
    const episode = before ?? { sinceMs: atMs, lastMs: atMs, toldAlready: false, faults };
    if (before === undefined) this.#episodes.set(key, episode);
    episode.lastMs = atMs;
    if (faults.length > episode.faults.length) episode.faults = faults;
    const { sinceMs, toleranceMs: usualMs } = excuse();
    const toleranceMs = usualMs * this.#patience;
    const tooLong =
      atMs - Math.max(sinceMs, episode.sinceMs) > toleranceMs || atMs - episode.sinceMs > EVER_MS;
    if (!tooLong || episode.toldAlready) return;
    episode.toldAlready = true;
    this.#violate(what, object, episode.sinceMs, atMs, toleranceMs, seen);
  }

  /** The longest of each sort, longest first. */
  longest(): readonly Long[] {
    const sorts = [...new Set(this.#long.map((l) => l.what))].sort();
    return sorts.flatMap((what) => this.#long.filter((l) => l.what === what).slice(0, LONGEST));
  }

  #close(key: string, { sinceMs, lastMs, faults }: Episode): void {
    this.#episodes.delete(key);
    const [what = "", object = ""] = key.split("\t");
    this.#long.push({ what: what as Wrong, object, fromMs: sinceMs, ms: lastMs - sinceMs, faults });
    if (this.#long.length > 500 * LONGEST) this.#long.splice(0, Infinity, ...this.longest());
    this.#long.sort((x, y) => y.ms - x.ms);
    const kinds = [...new Set(faults.map((f) => f.split(" ")[0]))].join("+") || "none";
    const sort = `${what}\t${kinds}`;
    const { ms, times } = this.#worst.get(sort) ?? { ms: 0, times: 0 };
    this.#worst.set(sort, { ms: Math.max(ms, lastMs - sinceMs), times: times + 1 });
  }

  /** Of a route: what is at work at its node and its router. */
  #explaining(object: string, atMs: number): readonly string[] {
    const [, node, router] = / via (\S+) at (\S+)$/.exec(object) ?? [];
    return node === undefined || router === undefined
      ? this.#clash.explaining(atMs, "l2")
      : this.#clash.explaining(
          atMs,
          "bgp",
          new Set([node, router, "machine", "controller", "manifests", "api"]),
        );
  }

  #violate(
    what: Wrong,
    object: string,
    fromMs: number,
    atMs: number,
    toleranceMs: number,
    seen: string,
  ): void {
    const faults = this.#explaining(object, atMs);
    this.violations.push({ what, object, fromMs, atMs, toleranceMs, faults, seen });
  }
}
