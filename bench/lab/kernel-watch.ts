/**
 * A router's kernel as `ip monitor` tells it, each event with the time at which `ip` wrote it down: this
 * process may be late to read it, which then is no part of what is measured.
 */
import { createInterface } from "node:readline";
import type { Netns } from "../../src/lab/netns.ts";
import { parseRouteLine } from "../../test/changeover/route-watch.ts";

export interface RouteEvent {
  /** Milliseconds since the epoch. */
  readonly ms: number;
  readonly ip: string;
  /** Sorted; empty: the route is gone. */
  readonly hops: readonly string[];
}

export interface KernelWatch {
  /** Next hops of every route that there is now. */
  readonly routes: () => ReadonlyMap<string, readonly string[]>;
  /** The first event from a moment on that fits. @throws Error naming `what` after the limit */
  first(
    what: string,
    fromMs: number,
    fits: (e: RouteEvent) => boolean,
    limitMs: number,
  ): Promise<RouteEvent>;
  /** Waits until the routes are as wanted; the time of the event that made them so. @throws Error as above */
  until(
    what: string,
    wanted: (routes: ReadonlyMap<string, readonly string[]>) => boolean,
    limitMs: number,
  ): Promise<number>;
  /** When each address had a route for the first time since `forget`. */
  readonly appeared: () => ReadonlyMap<string, number>;
  /** Forgets past events, not routes. */
  forget(): void;
  stop(): void;
}

/** `[2026-11-21T19:03:05.123456] LINE`, local time; null for anything else. */
export function parseStamped(line: string): { readonly ms: number; readonly rest: string } | null {
  const [, stamp = "", rest = ""] = /^\[(\d[^\]]*)\] ?(.*)$/.exec(line) ?? [];
  const micro = /\.(\d{3})(\d{3})$/.exec(stamp);
  const ms = Date.parse(stamp.replace(/(\.\d{3})\d*$/, "$1"));
  return Number.isNaN(ms) ? null : { ms: ms + Number(micro?.[2] ?? 0) / 1000, rest };
}

export function watchKernel(router: Netns): KernelWatch {
  const routes = new Map<string, readonly string[]>();
  let events: RouteEvent[] = [];
  const lookers = new Set<() => void>();
  // The measuring hand comes first, so that a busy machine is not taken for a late route.
  const monitor = router.spawn("nice", "-n", "-15", "ip", "-ts", "-o", "monitor", "route");
  createInterface({ input: monitor.stdout }).on("line", (line) => {
    const stamped = parseStamped(line);
    const seen = stamped === null ? null : parseRouteLine(stamped.rest);
    if (stamped === null || seen === null) return;
    const event = { ms: stamped.ms, ip: seen.prefix, hops: seen.gone ? [] : seen.hops };
    if (seen.gone) routes.delete(seen.prefix);
    else routes.set(seen.prefix, seen.hops);
    events.push(event);
    for (const look of lookers) look();
  });
  const waitFor = <T>(what: string, limitMs: number, look: () => T | null): Promise<T> =>
    new Promise((resolve, reject) => {
      const end = (act: () => void): void => {
        lookers.delete(again);
        clearTimeout(limit);
        act();
      };
      const again = (): void => {
        const found = look();
        if (found !== null) end(() => resolve(found));
      };
      const limit = setTimeout(
        () => end(() => reject(new Error(`not seen within ${limitMs / 1000} s: ${what}`))),
        limitMs,
      );
      lookers.add(again);
      again();
    });
  return {
    routes: () => routes,
    first(what, fromMs, fits, limitMs) {
      let looked = 0;
      return waitFor(what, limitMs, () => {
        for (; looked < events.length; looked++) {
          const event = events[looked]!;
          if (event.ms >= fromMs && fits(event)) return event;
        }
        return null;
      });
    },
    until: (what, wanted, limitMs) =>
      waitFor(what, limitMs, () => (wanted(routes) ? (events.at(-1)?.ms ?? Date.now()) : null)),
    appeared() {
      const times = new Map<string, number>();
      for (const { ip, ms, hops } of events)
        if (hops.length > 0 && !times.has(ip)) times.set(ip, ms);
      return times;
    },
    forget() {
      events = [];
    },
    stop: () => monitor.kill("SIGKILL"),
  };
}
