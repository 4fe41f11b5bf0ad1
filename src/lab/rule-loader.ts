/** Keeps the nodes' NAT rules equal to what the store says: the loop around `natRulesFor`. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Store } from "../api/store.ts";
import { natRulesFor } from "./kube-proxy.ts";
import { NODES } from "./plan.ts";
import type { Places } from "./topology.ts";

/** Runs until the returned function is called, which waits for what is under way. */
export function followServices(
  store: Pick<Store, "snapshot" | "onChange">,
  places: Places,
  dir: string,
  onError: (error: unknown) => void,
): () => Promise<void> {
  const loaded = new Map<string, string>();
  const load = async (): Promise<void> => {
    const snapshot = store.snapshot();
    if (snapshot === null) return;
    for (const node of NODES) {
      const rules = natRulesFor(node, snapshot);
      if (loaded.get(node) === rules) continue;
      const file = join(dir, node, "rules.nft");
      await writeFile(file, rules);
      await places[node].exec("nft", "-f", file);
      loaded.set(node, rules);
    }
  };
  let work = Promise.resolve();
  let queued = false;
  const again = (): void => {
    if (queued) return;
    queued = true;
    work = work
      .then(() => {
        queued = false;
        return load();
      })
      .catch(onError);
  };
  const stopListening = store.onChange(again);
  again();
  return async () => {
    stopListening();
    await work;
  };
}
