import { hash } from "node:crypto";
import type { Ip } from "../net/ip.ts";

/**
 * MetalLB's election (behaviour reference 3.1): nodes in ascending order of the SHA-256 of
 * `<node>#<address>`, address in canonical text; the first one announces.
 */
const digestOf = (node: string, ip: Ip): string => hash("sha256", `${node}#${ip}`);

/** The first 52 bits of the digest. */
const rankOf = (node: string, ip: Ip): number =>
  Number.parseInt(digestOf(node, ip).slice(0, 13), 16);

/** Negative: `a` comes before `b`. */
function compareNodes(a: string, b: string, ip: Ip, rank = (n: string) => rankOf(n, ip)): number {
  const difference = rank(a) - rank(b);
  if (difference !== 0 || a === b) return difference;
  return digestOf(a, ip) < digestOf(b, ip) ? -1 : 1;
}

/** Of lists of nodes that are in use: each pass asks for the same ones again. */
const orders = new WeakMap<readonly string[], Map<Ip, readonly string[]>>();
/** A cluster that gives and takes addresses all day does not fill the memory with them. */
const REMEMBER_AT_MOST = 20_000;

/** The nodes, best first; the same list of nodes gives the same answer again. */
export function electionOrder(nodes: readonly string[], ip: Ip): readonly string[] {
  let known = orders.get(nodes);
  if (known === undefined) orders.set(nodes, (known = new Map<Ip, readonly string[]>()));
  const before = known.get(ip);
  if (before !== undefined) return before;
  const ranks = new Map(nodes.map((node) => [node, rankOf(node, ip)]));
  const rank = (node: string): number => ranks.get(node) ?? 0;
  const order = [...ranks.keys()].sort((a, b) => compareNodes(a, b, ip, rank));
  if (known.size >= REMEMBER_AT_MOST) known.clear();
  known.set(ip, order);
  return order;
}

/** Null when there are no nodes. */
export function electionWinner(nodes: Iterable<string>, ip: Ip): string | null {
  let best: string | null = null;
  for (const node of nodes) if (best === null || compareNodes(node, best, ip) < 0) best = node;
  return best;
}
