/**
 * What is out of order now and what was asked for, and so what the wire may look like, by plain rules that anyone can
 * check by hand. Told of each fault and change as it is made; times are the caller's, in ms.
 */
import { NODES } from "../src/lab/plan.ts";
import type { NodeName, RouterName } from "../src/lab/plan.ts";
import { CHANGE, hasEffect, kindOf } from "./kinds.ts";
import type { Bounds, Effect, Source } from "./kind.ts";
import type { Fault } from "./schedule.ts";
import type { Spot } from "./world.ts";

/** `any`: it may be there or not. */
export type Want = "must" | "mustNot" | "any";
export interface L2Want {
  readonly owner: Want;
  /** Who may answer. */
  readonly by: readonly NodeName[];
}
/** How long something may be wrong, counted from `sinceMs` at the earliest. */
export interface Excuse {
  readonly sinceMs: number;
  readonly toleranceMs: number;
}

interface Wish {
  readonly present: boolean;
  readonly on: readonly NodeName[];
  readonly atMs: number;
  readonly bounds: Bounds;
}
interface Transition {
  readonly fault: Fault;
  readonly atMs: number;
  readonly bounds: Bounds;
  readonly healed: boolean;
}

/** Once so many nodes of three are not to be counted on, there is no quorum, and nobody has to answer. */
const NO_QUORUM = 2;

/** With an API server one of two controllers leads, and a dead one's Lease has to run out first. */
const LEASE_MS = 6000;
const NOTHING: Bounds = { l2: 0, bgp: 0 };
/** What somebody has to learn of before it acts: the nodes' marks, and the advertisements. */
const MARKS = ["excluded", "noBgp", "noL2"] as const;

/** As `--ml-fencing` of the speakers: `quorum` keeps the smaller part of a split network silent. */
export type Fencing = "quorum" | "gossip";

export class Clash {
  readonly #fencing: Fencing;
  readonly #source: Source;
  readonly #active = new Map<number, { readonly fault: Fault; readonly sinceMs: number }>();
  #recent: readonly Transition[] = [];
  readonly #wishes = new Map<string, Wish>();

  /** Faults of speakers that started while they could not read anything. */
  #blind: readonly Fault[] = [];

  /** Everything takes so many times as long as on a machine that has time: what explains something does so for longer, too. */
  #patience = 1;

  constructor(fencing: Fencing, source: Source = "directory") {
    this.#fencing = fencing;
    this.#source = source;
  }

  load(patience: number): void {
    this.#patience = patience;
  }

  /** Whether this much time is within the bound, as things go now. */
  #isWithin = (ms: number, boundMs: number): boolean => ms < boundMs * this.#patience;

  /** Earlier than this, a change had reached everybody by then. */
  #reached = (atMs: number): number => atMs - CHANGE.bgp * this.#patience;

  begin(fault: Fault, atMs: number): void {
    this.#active.set(fault.id, { fault, sinceMs: atMs });
    this.#note(fault, atMs, kindOf(fault.kind).begin, false);
    if (!hasEffect(fault.kind, "unheard")) return;
    const starting = this.#recent.filter(
      (r) =>
        r.healed &&
        hasEffect(r.fault.kind, "speaker") &&
        this.#isWithin(atMs - r.atMs, r.bounds.bgp),
    );
    this.#blind = [...this.#blind, ...starting.map((r) => r.fault)];
  }

  heal(fault: Fault, atMs: number): void {
    const began = this.#active.get(fault.id)?.sinceMs ?? atMs;
    this.#active.delete(fault.id);
    const { heal } = kindOf(fault.kind);
    const waits = (["controller", "unheard"] as const).filter((e) => hasEffect(fault.kind, e));
    // Nothing that stands may suffer from these: only what waited for them begins to count now.
    this.#note(fault, atMs, waits.length > 0 ? NOTHING : heal, true);
    if (hasEffect(fault.kind, "speaker") && !this.#hears(atMs))
      this.#blind = [...this.#blind, fault];
    if (waits.length === 0) return;
    const lease = this.#source === "cluster" && waits.includes("controller") ? LEASE_MS : 0;
    const bounds = { l2: heal.l2 + lease, bgp: heal.bgp + lease };
    const waited = (askedMs: number): boolean => askedMs > this.#reached(began);
    for (const [name, wish] of this.#wishes)
      if (waited(wish.atMs)) this.#wishes.set(name, { ...wish, atMs, bounds });
    if (!waits.includes("unheard")) return;
    const marks = this.#recent.filter((r) => isMark(r.fault) && waited(r.atMs));
    for (const mark of new Set(marks.map((r) => r.fault))) this.#note(mark, atMs, bounds, true);
    for (const [id, active] of this.#active)
      if (isMark(active.fault) && waited(active.sinceMs))
        this.#active.set(id, { ...active, sinceMs: atMs });
    for (const speaker of this.#blind) this.#note(speaker, atMs, bounds, true);
    this.#blind = [];
  }

  change(spot: Spot, present: boolean, on: readonly NodeName[], atMs: number): void {
    this.#wishes.set(spot.name, { present, on, atMs, bounds: CHANGE });
  }

  /**
   * Faults at work on any of these targets (default: all), or healed so recently that they still explain what is
   * seen of ARP and NDP (`l2`) or of routes (`bgp`); sorted.
   */
  explaining(atMs: number, what: keyof Bounds, near?: ReadonlySet<string>): readonly string[] {
    const reach = (r: Transition): Bounds => (r.healed ? kindOf(r.fault.kind).heal : r.bounds);
    const late = this.#recent.filter((r) => this.#isWithin(atMs - r.atMs, reach(r)[what]));
    const names = [...this.#active.values(), ...late]
      .filter(({ fault }) => near?.has(fault.target) !== false)
      .map(({ fault }) => `${fault.kind} ${fault.target}`);
    return [...new Set(names)].sort();
  }

  l2Want(spot: Spot, atMs: number): L2Want {
    const wish = this.#wishes.get(spot.name);
    const asked = Math.max(wish?.atMs ?? 0, this.#markedAt("noL2"), this.#markedAt("excluded"));
    if (!this.#hears(asked)) return { owner: "any", by: NODES };
    if (this.#isOn("noL2")) return { owner: "mustNot", by: [] };
    const eligible = NODES.filter(
      (node) => !this.#has("excluded", node) && (!spot.local || wish?.on.includes(node) === true),
    );
    if (wish?.present !== true || eligible.length === 0) return { owner: "mustNot", by: [] };
    const weak = NODES.filter((node) => this.#isWeak(node, atMs));
    const able = eligible.filter((node) => !weak.includes(node));
    const alone = this.#fencing === "quorum" && weak.length >= NO_QUORUM;
    const open = this.#waitsForController(wish) || alone || able.length === 0;
    return { owner: open ? "any" : "must", by: eligible };
  }

  /** Whether a split network explains two answers: both parts go on, unless there is a quorum to keep. */
  maySplit(atMs: number): boolean {
    const cut = NODES.some((node) => this.#isWeak(node, atMs) && !this.#has("speaker", node));
    return this.#fencing === "gossip" && cut;
  }

  routeWant(router: RouterName, node: NodeName, spot: Spot): Want {
    const wish = this.#wishes.get(spot.name);
    if (this.#has("router", router) || this.#has("bgp", node)) return "any";
    if (this.#has("cut", node)) return "mustNot";
    if (wish === undefined || this.#waitsForController(wish)) return "any";
    const stuck = this.#since("speaker", node) ?? this.#since("writes", node);
    const asked = Math.max(
      ...[wish.atMs, this.#markedAt("excluded", node), this.#markedAt("noBgp")],
    );
    if (!this.#hears(asked)) return "any";
    if (stuck !== null && asked > this.#reached(stuck)) return "any";
    const here = wish.present && (!spot.local || wish.on.includes(node));
    return here && !this.#has("excluded", node) && !this.#isOn("noBgp") ? "must" : "mustNot";
  }

  l2Excuse(spot: Spot, baseMs: number, atMs: number): Excuse {
    return this.#excuse(spot, "l2", baseMs, atMs, () => true);
  }

  routeExcuse(
    router: RouterName,
    node: NodeName,
    spot: Spot,
    baseMs: number,
    atMs: number,
  ): Excuse {
    const near = new Set<string>([router, node, "machine", "manifests"]);
    return this.#excuse(spot, "bgp", baseMs, atMs, ({ target }) => near.has(target));
  }

  /** Whether a withdrawal is explained: a speaker that dies or starts again explains none. */
  mayWithdraw(router: RouterName, node: NodeName, spot: Spot, atMs: number): boolean {
    const wish = this.#wishes.get(spot.name);
    if (wish === undefined || this.#isWithin(atMs - wish.atMs, wish.bounds.bgp)) return true;
    if (this.routeWant(router, node, spot) !== "must") return true;
    return this.#recent.some(
      ({ fault, atMs: then, bounds }) =>
        (fault.target === node || fault.target === router) &&
        (["bgp", "cut", "excluded", "router"] as const).some((e) => hasEffect(fault.kind, e)) &&
        this.#isWithin(atMs - then, bounds.bgp),
    );
  }

  #excuse(
    spot: Spot,
    what: keyof Bounds,
    baseMs: number,
    atMs: number,
    counts: (fault: Fault) => boolean,
  ): Excuse {
    const wish = this.#wishes.get(spot.name);
    const recent = this.#recent.filter(
      (r) => counts(r.fault) && this.#isWithin(atMs - r.atMs, r.bounds[what]),
    );
    const lasting = [...this.#active.values()]
      .filter((a) => counts(a.fault))
      .map((a) => ({ atMs: a.sinceMs, boundMs: kindOf(a.fault.kind).begin[what] }))
      .filter((a) => a.boundMs > 0);
    const asked =
      wish !== undefined && this.#isWithin(atMs - wish.atMs, wish.bounds[what])
        ? [{ atMs: wish.atMs, boundMs: wish.bounds[what] }]
        : [];
    const reasons = [
      ...recent.map((r) => ({ atMs: r.atMs, boundMs: r.bounds[what] })),
      ...lasting,
      ...asked,
    ];
    return {
      sinceMs: Math.max(wish?.atMs ?? 0, ...reasons.map((r) => r.atMs)),
      toleranceMs: Math.max(baseMs, ...reasons.map((r) => r.boundMs)),
    };
  }

  #note(fault: Fault, atMs: number, bounds: Bounds, healed: boolean): void {
    const still = this.#recent.filter((r) => this.#isWithin(atMs - r.atMs, 60_000));
    this.#recent = [...still, { fault, atMs, bounds, healed }];
  }

  #since(effect: Effect, target: string): number | null {
    for (const { fault, sinceMs } of this.#active.values())
      if (fault.target === target && hasEffect(fault.kind, effect)) return sinceMs;
    return null;
  }
  #has = (effect: Effect, target: string): boolean => this.#since(effect, target) !== null;

  #isOn = (effect: Effect): boolean =>
    [...this.#active.values()].some(({ fault }) => hasEffect(fault.kind, effect));

  /** When such a mark was last set or taken away: of a node, or anywhere. */
  #markedAt(effect: Effect, node?: NodeName): number {
    const marks = this.#recent.filter(
      ({ fault }) => hasEffect(fault.kind, effect) && (node === undefined || fault.target === node),
    );
    return Math.max(0, ...marks.map((r) => r.atMs));
  }

  /** Whether speakers have learned of what was asked for at this time. */
  #hears(askedMs: number): boolean {
    const since = this.#since("unheard", "api");
    return since === null || askedMs <= this.#reached(since);
  }

  /** Not to be counted on: its speaker or its way to the others is out of order, or was until just now. */
  #isWeak(node: NodeName, atMs: number): boolean {
    if (this.#has("speaker", node) || this.#has("gossip", node)) return true;
    if (this.#blind.some(({ target }) => target === node)) return true;
    return this.#recent.some(
      ({ fault, atMs: then, bounds, healed }) =>
        healed &&
        fault.target === node &&
        (hasEffect(fault.kind, "speaker") || hasEffect(fault.kind, "gossip")) &&
        this.#isWithin(atMs - then, bounds.l2),
    );
  }

  #waitsForController(wish: Wish): boolean {
    return [...this.#active.values()].some(
      ({ fault, sinceMs }) =>
        hasEffect(fault.kind, "controller") && wish.present && wish.atMs > this.#reached(sinceMs),
    );
  }
}

const isMark = ({ kind }: Fault): boolean => MARKS.some((effect) => hasEffect(kind, effect));
