/** What to do about the label that takes nodes out of load balancing: kubeadm and Talos set it on control planes. */

/** `auto` ignores it where every node that could announce carries it: a cluster of one control plane is served. */
export type ExcludePolicy = "honour" | "ignore" | "auto";

/** Whether the label keeps its nodes from announcing what `candidates`, the nodes of the advertisements, may. */
export function labelCounts(
  policy: ExcludePolicy,
  candidates: readonly string[],
  isLabelled: (node: string) => boolean,
): boolean {
  if (policy === "ignore") return false;
  return policy === "honour" || !candidates.every(isLabelled);
}
