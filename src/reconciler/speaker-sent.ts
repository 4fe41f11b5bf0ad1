/**
 * Keeps looking at what FRR really sends: soon after each batch, and every two seconds, since a session or a
 * hand at vtysh may change it without us. A look is a question of its own, so no batch waits for it.
 */
import { createHash } from "node:crypto";
import type { SentRoutes, SessionSent } from "../api/sent-routes.ts";
import { AppError } from "../errors.ts";
import { startLoop } from "../runtime/loop.ts";
import type { Loop } from "../runtime/loop.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Seen } from "./bgp-truth.ts";
import type { FrrEngine } from "./ports.ts";

export interface SentWatch {
  seen(): Seen;
  /** FRR was told to have these prefixes: look soon, and from now on regularly. */
  applied(prefixes: Iterable<string>): void;
  /** Looks now; resolves when that is done, at the latest after `limitMs`. */
  look(limitMs: number): Promise<void>;
  idle(): Promise<void>;
}

const EVERY_MS = 2000;
/** bgpd sends what it was told after some 50 ms. */
const SOON_MS = 300;
/** After so long what was not sent will not be. */
const SETTLE_MS = 1500;
/** An FRR that does not answer for so long has nothing left of what it said before. */
const BELIEVE_MS = 5000;
/** Looks take at most this part of the time. */
const SHARE = 5;

export function watchSent(
  ports: { readonly frr: Pick<FrrEngine, "sent">; readonly clock: Clock },
  /** Another answer than before, or more certain. */
  onNews: () => void,
  signal: AbortSignal,
): SentWatch {
  const { frr, clock } = ports;
  let sent: SentRoutes | null = null;
  let shown = "";
  let watching = false;
  let startedMs = clock.now();
  let answeredMs = clock.now();
  let tookMs = 0;
  let cancel: (() => void) | null = null;
  /** Since when each session is Established. */
  let since: ReadonlyMap<string, number> = new Map();
  /** Since when FRR should have each prefix. */
  let given: ReadonlyMap<string, number> = new Map();

  const isSettled = (session: string, prefix: string): boolean => {
    if (sent === null) return clock.now() - answeredMs > BELIEVE_MS;
    const fromMs = Math.max(given.get(prefix) ?? Infinity, since.get(session) ?? 0);
    return startedMs - fromMs >= SETTLE_MS;
  };

  const take = (now: SentRoutes, atMs: number): void => {
    sent = now;
    const up = [...now].filter(([, { state }]) => state === "Established");
    since = new Map(up.map(([key]) => [key, since.get(key) ?? atMs]));
  };

  const once = async (): Promise<void> => {
    const beganMs = clock.now();
    try {
      const now = await frr.sent();
      answeredMs = clock.now();
      startedMs = beganMs;
      take(now, beganMs);
    } catch (error) {
      if (!(error instanceof AppError)) throw error; // the engine has told that FRR is away
      if (clock.now() - answeredMs > BELIEVE_MS) sent = null;
    }
    tookMs = clock.now() - beganMs;
    const unsure = [...given.keys()].filter((prefix) => !isSettled("", prefix)).length;
    const next = `${unsure} ${textOf(sent, (session) => startedMs - (since.get(session) ?? startedMs) >= SETTLE_MS)}`;
    if (next === shown) return;
    shown = next;
    onNews();
  };

  const loop: Loop = startLoop(
    {
      clock,
      backoff: { minMs: EVERY_MS, maxMs: EVERY_MS },
      pass: async () => {
        if (!watching) return null;
        await once();
        return { afterMs: Math.max(EVERY_MS, SHARE * tookMs) };
      },
      onError: () => undefined,
    },
    signal,
  );
  signal.addEventListener("abort", () => cancel?.(), { once: true });

  return {
    seen: () => ({ sent, isSettled }),
    applied(prefixes) {
      watching = true;
      const nowMs = clock.now();
      given = new Map([...prefixes].map((prefix) => [prefix, given.get(prefix) ?? nowMs]));
      cancel ??= clock.after(Math.max(SOON_MS, SHARE * tookMs), () => {
        cancel = null;
        loop.poke();
      });
    },
    async look(limitMs) {
      if (!watching) return;
      const limit = new Promise<void>((resolve) => clock.after(limitMs, resolve));
      await Promise.race([once(), limit]);
    },
    idle: () => loop.idle(),
  };
}

/** Equal as long as nothing that a report says could change: `isOld` sessions had their time. */
const textOf = (sent: SentRoutes | null, isOld: (session: string) => boolean): string =>
  sent === null
    ? "no answer"
    : [...sent]
        .map(([key, session]) =>
          [key, session.state === "Established", isOld(key), markOf(session)].join(" "),
        )
        .join("\n");

/** Of sets of prefixes: the engine hands out the same one until the session sent something. */
const marks = new WeakMap<SessionSent, string>();

function markOf(session: SessionSent): string {
  let mark = marks.get(session);
  if (mark === undefined) {
    const hash = createHash("sha256");
    for (const prefix of session.prefixes) hash.update(`${prefix} `);
    marks.set(session, (mark = hash.digest("base64")));
  }
  return mark;
}
