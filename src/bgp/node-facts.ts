import { labelCounts } from "../api/exclude-policy.ts";
import type { ExcludePolicy } from "../api/exclude-policy.ts";
import type { Node } from "../api/objects.ts";
import { EXCLUDE_LABEL } from "../api/resources.ts";
import { sameItems } from "../runtime/steady.ts";

/** What a Node says about announcing from it. */
export interface NodeFacts {
  readonly name: string;
  /** Undefined for a Node that was not seen yet: it counts as available and not excluded. */
  readonly labels: Readonly<Record<string, string>> | undefined;
  readonly networkUnavailable: boolean;
  readonly excludePolicy: ExcludePolicy;
  /** Names of all nodes that carry the exclude label, whatever its value. */
  readonly labelled: ReadonlySet<string>;
}

/** The last answer, which most changes of Nodes leave as it is: decisions are remembered by it. */
let last: NodeFacts | null = null;

/** The same object again as long as it says the same. */
export function nodeFactsFor(
  name: string,
  nodes: readonly Node[],
  excludePolicy: ExcludePolicy = "honour",
): NodeFacts {
  const facts = factsFor(name, nodes, excludePolicy);
  if (last === null || !sameFacts(last, facts)) last = facts;
  return last;
}

const sameFacts = (a: NodeFacts, b: NodeFacts): boolean =>
  a.name === b.name &&
  a.networkUnavailable === b.networkUnavailable &&
  a.excludePolicy === b.excludePolicy &&
  JSON.stringify(a.labels) === JSON.stringify(b.labels) &&
  sameItems([...a.labelled], [...b.labelled]);

function factsFor(name: string, nodes: readonly Node[], excludePolicy: ExcludePolicy): NodeFacts {
  const node = nodes.find((n) => n.metadata.name === name);
  const labelled = nodes.filter((n) => n.metadata.labels?.[EXCLUDE_LABEL] !== undefined);
  return {
    name,
    labels: node === undefined ? undefined : (node.metadata.labels ?? {}),
    networkUnavailable: (node?.status?.conditions ?? []).some(
      (c) => c.type === "NetworkUnavailable" && c.status === "True",
    ),
    excludePolicy,
    labelled: new Set(labelled.map((n) => n.metadata.name)),
  };
}

/** Whether the label keeps this node from what the nodes of the advertisements may announce; few nodes have it. */
export const isExcluded = (
  node: NodeFacts,
  advertisements: readonly { readonly nodes: readonly string[] }[],
): boolean =>
  node.labelled.has(node.name) &&
  labelCounts(
    node.excludePolicy,
    advertisements.flatMap((a) => a.nodes),
    (name) => node.labelled.has(name),
  );
