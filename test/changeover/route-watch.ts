/**
 * A router's kernel, event by event: which prefixes it had to forget, and which next hops of them. zebra puts an
 * IPv6 route anew by deleting and adding it in one breath: that is a route put anew, not one lost.
 */
import { createInterface } from "node:readline";
import type { Netns } from "../../src/lab/netns.ts";

export interface RouteWatch {
  /** Next hops of each prefix now, sorted. */
  readonly now: () => ReadonlyMap<string, readonly string[]>;
  /** From a moment on: prefixes without any route at some point, and routes that lost a next hop. */
  readonly since: (ms: number) => Losses;
  readonly stop: () => void;
}

export interface Losses {
  readonly prefixes: readonly string[];
  /** `prefix via next hop` */
  readonly paths: readonly string[];
  readonly events: number;
}

/** Between the two halves of one replacement. */
const BREATH_MS = 50;

interface Event {
  readonly ms: number;
  readonly prefix: string;
  /** Empty: the route is gone. */
  readonly hops: readonly string[];
  readonly lost: readonly string[];
}

/** `[Deleted ]PREFIX ... via A dev D`, further next hops behind backslashes. */
export function parseRouteLine(
  line: string,
): { readonly prefix: string; readonly hops: readonly string[]; readonly gone: boolean } | null {
  if (!line.includes("proto bgp")) return null;
  const gone = line.startsWith("Deleted ");
  const [prefix = ""] = (gone ? line.slice("Deleted ".length) : line).split(" ");
  const hops = [...line.matchAll(/\bvia (?:inet6 )?(\S+)/g)].map((m) => m[1] ?? "").sort();
  return { prefix, hops, gone };
}

export function watchRoutes(router: Netns): RouteWatch {
  const routes = new Map<string, readonly string[]>();
  const events: Event[] = [];
  const monitor = router.spawn("ip", "-o", "monitor", "route");
  createInterface({ input: monitor.stdout }).on("line", (line) => {
    const seen = parseRouteLine(line);
    if (seen === null) return;
    const { prefix, gone } = seen;
    const hops = gone ? [] : seen.hops;
    const last = events.findLast((e) => e.prefix === prefix);
    const ms = Date.now();
    const isAnew = last?.hops.length === 0 && ms - last.ms <= BREATH_MS;
    if (isAnew) events.splice(events.indexOf(last), 1);
    const before = isAnew ? [...last.lost] : (routes.get(prefix) ?? []);
    routes.set(prefix, hops);
    events.push({ ms, prefix, hops, lost: before.filter((hop) => !hops.includes(hop)) });
  });
  return {
    now: () => new Map([...routes].filter(([, hops]) => hops.length > 0)),
    since(ms) {
      const later = events.filter((e) => e.ms >= ms);
      return {
        prefixes: [...new Set(later.filter((e) => e.hops.length === 0).map((e) => e.prefix))],
        paths: later.flatMap(({ prefix, lost }) => lost.map((hop) => `${prefix} via ${hop}`)),
        events: later.length,
      };
    },
    stop: () => monitor.kill("SIGKILL"),
  };
}
