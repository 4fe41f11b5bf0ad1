/**
 * A daemon waits most of its time. What its start or a burst of changes needed (garbage, compiled code of Node that
 * ran once) is given back when it is over.
 */
import type { Store } from "../api/store.ts";
import { spareMemory } from "../l2/socket.ts";
import { lookAt, untidySince } from "../runtime/quiet.ts";

const LOOK_MS = 10_000;
/** A collection goes on between other work; then its pages are free. */
const COLLECT_MS = 1500;

/** Returns the way to stop. */
export function tidyMemory(store: Pick<Store, "onChange">): () => void {
  const memory = spareMemory();
  if (memory === null) return () => undefined;
  let changedMs = performance.now();
  let holding = untidySince(changedMs);
  const stopListening = store.onChange(() => {
    changedMs = performance.now();
  });
  let giving: NodeJS.Timeout | undefined;
  const looking = setInterval(() => {
    const resident = process.memoryUsage.rss();
    holding = lookAt(holding, { resident, atMs: performance.now(), changedMs });
    if (!holding.isTidied) return;
    memory.collect();
    giving = setTimeout(() => memory.giveBack(), COLLECT_MS).unref();
  }, LOOK_MS).unref();
  return () => {
    stopListening();
    clearInterval(looking);
    clearTimeout(giving);
  };
}
