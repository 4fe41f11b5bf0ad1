/** Whether the wire is as it should be when nothing is out of order, and waiting until it is. */
import { setTimeout as sleep } from "node:timers/promises";
import { NODES, ROUTERS } from "../src/lab/plan.ts";
import type { NodeName } from "../src/lab/plan.ts";
import type { Wire } from "./status.ts";
import { prefixOf } from "./world.ts";
import type { Spot } from "./world.ts";

/** What was asked for last. */
export interface Asked {
  /** Names of the Services that are there. */
  readonly present: ReadonlySet<string>;
  /** Nodes with a ready endpoint, by Service. */
  readonly on: ReadonlyMap<string, readonly NodeName[]>;
}

/** The first thing that is not as it should be, or null. */
export function outOfOrder(spots: readonly Spot[], asked: Asked, wire: Wire): string | null {
  for (const { name, by, address, local } of spots) {
    const here = local ? (asked.on.get(name) ?? NODES) : NODES;
    const nodes = asked.present.has(name) ? here : [];
    if (by === "l2") {
      const who = wire.owners.get(address) ?? [];
      if (nodes.length > 0 && (who.length !== 1 || !nodes.includes(who[0] as NodeName)))
        return `${address} is answered by ${who.join(" ") || "nobody"}`;
      continue;
    }
    const prefix = prefixOf(address);
    for (const router of ROUTERS) {
      const through = [...(wire.routes.get(router)?.get(prefix) ?? [])].sort().join(" ");
      if (through !== nodes.join(" ")) return `${prefix} at ${router} via ${through || "nobody"}`;
    }
  }
  return null;
}

/** Polls until it has held for `steadyMs`. */
export async function waitFor(
  holds: () => boolean,
  limitMs: number,
  signal: AbortSignal,
  steadyMs = 0,
): Promise<void> {
  const untilMs = Date.now() + limitMs;
  let sinceMs = Date.now();
  while (Date.now() < untilMs && !signal.aborted) {
    if (!holds()) sinceMs = Date.now();
    else if (Date.now() - sinceMs >= steadyMs) return;
    await sleep(100);
  }
}

/** Ends early when aborted. */
export const pause = (ms: number, signal: AbortSignal): Promise<unknown> =>
  ms <= 0 ? Promise.resolve() : sleep(ms, null, { signal }).catch(() => null);
