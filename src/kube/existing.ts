/** Reads past every cache: what a webhook compares with must not be a moment old. */
import type { KubeObject } from "../api/objects.ts";
import { emptySnapshot } from "../api/snapshot.ts";
import type { Snapshot } from "../api/snapshot.ts";
import type { KubeClient } from "./client.ts";
import { RESOURCES, keepFor } from "./resources.ts";
import type { ListName } from "./resources.ts";

/** A snapshot with these lists filled, read from the API server now. @throws AppError as the client. */
export async function readExisting(
  client: KubeClient,
  namespace: string,
  lists: readonly ListName[],
): Promise<Snapshot> {
  const filled = await Promise.all(
    lists.map(async (list) => {
      const { items } = (await client.request("GET", RESOURCES[list].path(namespace))) as {
        readonly items: readonly KubeObject[];
      };
      return [list, items.map(keepFor(list))] as const;
    }),
  );
  return { ...emptySnapshot(namespace), ...Object.fromEntries(filled) };
}
