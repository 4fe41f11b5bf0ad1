import { createHash } from "node:crypto";
import type { Ip } from "../net/ip.ts";

/**
 * MetalLB's election (behaviour reference 3.1): nodes in ascending order of the SHA-256 of
 * `<node>#<address>`, address in canonical text; the first one announces.
 */
const rankOf = (node: string, ip: Ip): string =>
  createHash("sha256").update(`${node}#${ip}`).digest("hex");

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The nodes, best first. */
export const electionOrder = (nodes: Iterable<string>, ip: Ip): readonly string[] =>
  [...new Set(nodes)]
    .map((node) => ({ node, rank: rankOf(node, ip) }))
    .sort((a, b) => byText(a.rank, b.rank))
    .map(({ node }) => node);

/** Null when there are no nodes. */
export function electionWinner(nodes: Iterable<string>, ip: Ip): string | null {
  let best: { node: string; rank: string } | null = null;
  for (const node of nodes) {
    const rank = rankOf(node, ip);
    if (best === null || rank < best.rank) best = { node, rank };
  }
  return best?.node ?? null;
}
