import { compareIps } from "../net/ip.ts";
import type { Ip } from "../net/ip.ts";
import { electionOrder } from "./election.ts";

/**
 * Bounded spread: owners of `ips` among the `alive` ones of the `known` nodes, so that no two of them
 * differ by more than one address. An address whose node is alive in the assignment over all known nodes
 * stays there: when nodes are lost, only theirs move. Each address goes to the node that its election
 * puts first and that has room.
 */
export function boundedSpread(
  ips: readonly Ip[],
  known: Iterable<string>,
  alive: ReadonlySet<string>,
): ReadonlyMap<Ip, string> {
  const sorted = [...new Set(ips)].sort(compareIps);
  const nodes = [...new Set(known)].sort();
  const home = fill(sorted, nodes, new Map());
  const living = nodes.filter((node) => alive.has(node));
  const kept = new Map([...home].filter(([, node]) => alive.has(node)));
  return fill(sorted, living, kept);
}

/** Gives every address that has no owner yet one, within the bound. */
function fill(
  ips: readonly Ip[],
  nodes: readonly string[],
  owners: ReadonlyMap<Ip, string>,
): ReadonlyMap<Ip, string> {
  if (nodes.length === 0) return new Map();
  const floor = Math.floor(ips.length / nodes.length);
  const loads = new Map(nodes.map((node) => [node, 0]));
  const load = (node: string): number => loads.get(node) ?? 0;
  for (const node of owners.values()) loads.set(node, load(node) + 1);
  // So many nodes carry one more than the others.
  let room = (ips.length % nodes.length) - nodes.filter((node) => load(node) > floor).length;
  const result = new Map(owners);
  for (const ip of ips) {
    if (result.has(ip)) continue;
    const node = electionOrder(nodes, ip).find(
      (n) => load(n) < floor || (load(n) === floor && room > 0),
    );
    if (node === undefined) continue; // cannot be: the rooms add up to the addresses
    if (load(node) === floor) room--;
    loads.set(node, load(node) + 1);
    result.set(ip, node);
  }
  return result;
}
