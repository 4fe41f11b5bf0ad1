/**
 * Status objects of Nodes that are no more: a speaker that ended with its machine removes nothing, and an owner
 * reference helps only where the speaker is a Pod that somebody collects.
 */
import { AppError } from "../errors.ts";
import { budget } from "../runtime/budget.ts";
import type { Clock } from "../runtime/clock.ts";
import type { KubeClient } from "./client.ts";
import {
  SPEAKER_KINDS,
  collectionOf,
  labelValue,
  listFound,
  nodeLabelOf,
  removeObject,
  reportVersion,
} from "./report-objects.ts";
import { RESOURCES } from "./resources.ts";

export interface ForgetNodes {
  readonly client: Pick<KubeClient, "request">;
  readonly namespace: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Objects removed a second, after a burst: nobody waits for them. */
const [PER_SECOND, BURST] = [40, 200];
/** A selector with all names spares the API server an answer with every object; a longer one may be refused on the way. */
const SELECTOR_MAX = 4000;

/**
 * Removes them; `seen`: names of Nodes that need not be asked for again.
 * A label holds 63 characters: of two Nodes that differ only behind them, none is forgotten while one is there.
 * @returns label values of the Nodes forgotten, sorted
 * @throws AppError the first failure, when the rest is done
 */
export async function forgetNodes(
  { client, namespace, clock, signal }: ForgetNodes,
  seen: readonly string[],
): Promise<readonly string[]> {
  const known = new Set(seen.map(labelValue));
  const failures: AppError[] = [];
  const attempt = async <T>(work: () => Promise<T>): Promise<T | null> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      failures.push(error);
      return null;
    }
  };

  const left: { readonly path: string; readonly node: string }[] = [];
  for (const kind of SPEAKER_KINDS) {
    const base = collectionOf(namespace, reportVersion(kind), kind);
    const label = nodeLabelOf(kind);
    for (const { metadata } of (await attempt(() =>
      listFound(client, base, selectorFor(label, known)),
    )) ?? []) {
      const node = metadata.labels?.[label] ?? "";
      if (!known.has(node)) left.push({ path: `${base}/${metadata.name}`, node });
    }
  }

  const forgotten = new Set<string>();
  if (left.length > 0) {
    // After the objects, and not from a cache: who wrote one of them has been a Node before.
    const there = await attempt(() => nodesNow(client));
    const gone = there === null ? [] : left.filter(({ node }) => !there.has(node));
    const pace = budget(clock, PER_SECOND, BURST);
    for (const { path, node } of gone) {
      await pace.take(signal);
      if (signal.aborted) break;
      const isRemoved = await attempt(() => removeObject(client, path).then(() => true));
      if (isRemoved === true) forgotten.add(node);
    }
  }
  const [failure] = failures;
  if (failure !== undefined) throw failure;
  return [...forgotten].sort();
}

function selectorFor(label: string, known: ReadonlySet<string>): string {
  const names = [...known].sort().join();
  return names === "" || names.length > SELECTOR_MAX ? label : `${label},${label} notin (${names})`;
}

async function nodesNow(client: Pick<KubeClient, "request">): Promise<ReadonlySet<string>> {
  const list = (await client.request("GET", RESOURCES.nodes.path(""))) as {
    readonly items?: readonly { readonly metadata: { readonly name: string } }[];
  };
  return new Set((list.items ?? []).map(({ metadata }) => labelValue(metadata.name)));
}
