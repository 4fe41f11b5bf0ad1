import { createHash } from "node:crypto";
import type { Ip } from "../net/ip.ts";

/**
 * MetalLB's election (behaviour reference 3.1): nodes in ascending order of the SHA-256 of
 * `<node>#<address>`, address in canonical text; the first one announces.
 */
const digestOf = (node: string, ip: Ip): string =>
  createHash("sha256").update(`${node}#${ip}`).digest("hex");

/** The first 52 bits of the digest, remembered: a pass asks for every node and address again. */
const remembered = new Map<string, number>();
const REMEMBER_AT_MOST = 50_000;

function rankOf(node: string, ip: Ip): number {
  const key = `${node}#${ip}`;
  const known = remembered.get(key);
  if (known !== undefined) return known;
  const rank = Number.parseInt(digestOf(node, ip).slice(0, 13), 16);
  if (remembered.size >= REMEMBER_AT_MOST) remembered.clear();
  remembered.set(key, rank);
  return rank;
}

/** Negative: `a` comes before `b`. */
function compareNodes(a: string, b: string, ip: Ip): number {
  const difference = rankOf(a, ip) - rankOf(b, ip);
  if (difference !== 0 || a === b) return difference;
  return digestOf(a, ip) < digestOf(b, ip) ? -1 : 1;
}

/** The nodes, best first. */
export const electionOrder = (nodes: Iterable<string>, ip: Ip): readonly string[] =>
  [...new Set(nodes)].sort((a, b) => compareNodes(a, b, ip));

/** Null when there are no nodes. */
export function electionWinner(nodes: Iterable<string>, ip: Ip): string | null {
  let best: string | null = null;
  for (const node of nodes) if (best === null || compareNodes(node, best, ip) < 0) best = node;
  return best;
}
