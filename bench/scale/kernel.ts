/** A router's kernel routes, as `ip monitor` tells them: when each came, and when it went. */
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { Netns } from "../../src/lab/netns.ts";

export interface Kernel {
  /** Routes by BGP, now. */
  count(): number;
  /** Time (`performance.now`) at which the address had a route; waits. @throws Error after `limitMs` */
  has(ip: string, limitMs: number): Promise<number>;
  /** The same for a route that is gone. */
  lacks(ip: string, limitMs: number): Promise<number>;
  /** Waits until there are exactly so many. @throws Error after `limitMs` */
  holds(count: number, limitMs: number): Promise<number>;
  stop(): void;
}

export function watchKernel(router: Netns): Kernel {
  const routes = new Map<string, number>();
  const gone = new Map<string, number>();
  let changedMs = performance.now();
  const monitor = router.spawn("ip", "-o", "monitor", "route");
  createInterface({ input: monitor.stdout }).on("line", (line) => {
    if (!line.includes("proto bgp")) return;
    const isGone = line.startsWith("Deleted ");
    const ip = (isGone ? line.slice("Deleted ".length) : line).split(/[ /]/)[0] ?? "";
    changedMs = performance.now();
    if (isGone) {
      routes.delete(ip);
      gone.set(ip, changedMs);
    } else if (!routes.has(ip)) routes.set(ip, changedMs);
  });
  const until = async (what: string, limitMs: number, look: () => number | undefined) => {
    const endMs = performance.now() + limitMs;
    for (;;) {
      const seen = look();
      if (seen !== undefined) return seen;
      if (performance.now() > endMs) throw new Error(`not seen within ${limitMs} ms: ${what}`);
      await sleep(5);
    }
  };
  return {
    count: () => routes.size,
    has: (ip, limitMs) => until(`route of ${ip}`, limitMs, () => routes.get(ip)),
    lacks: (ip, limitMs) =>
      until(`${ip} without a route`, limitMs, () => (routes.has(ip) ? undefined : gone.get(ip))),
    holds: (count, limitMs) =>
      until(`${count} routes`, limitMs, () => (routes.size === count ? changedMs : undefined)),
    stop: () => monitor.kill("SIGKILL"),
  };
}
