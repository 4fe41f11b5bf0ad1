import type { Node } from "../api/objects.ts";

/** Any value of it takes a node out, unless the policy says otherwise. */
export const EXCLUDE_LABEL = "node.kubernetes.io/exclude-from-external-load-balancers";

/** What a Node says about announcing from it. */
export interface NodeFacts {
  readonly name: string;
  /** Undefined for a Node that was not seen yet: it counts as available and not excluded. */
  readonly labels: Readonly<Record<string, string>> | undefined;
  readonly networkUnavailable: boolean;
  readonly excluded: boolean;
}

/**
 * What to do about the exclude label: `honour` it, `ignore` it, or `auto`: ignore it exactly while every
 * node carries it, because then obeying would announce nothing anywhere.
 */
export type ExcludePolicy = "honour" | "ignore" | "auto";

export function nodeFactsFor(
  name: string,
  nodes: readonly Node[],
  policy: ExcludePolicy = "honour",
): NodeFacts {
  const node = nodes.find((n) => n.metadata.name === name);
  const labelled = (n: Node): boolean => n.metadata.labels?.[EXCLUDE_LABEL] !== undefined;
  const counts = policy === "honour" || (policy === "auto" && !nodes.every(labelled));
  return {
    name,
    labels: node === undefined ? undefined : (node.metadata.labels ?? {}),
    networkUnavailable: (node?.status?.conditions ?? []).some(
      (c) => c.type === "NetworkUnavailable" && c.status === "True",
    ),
    excluded: counts && node !== undefined && labelled(node),
  };
}
