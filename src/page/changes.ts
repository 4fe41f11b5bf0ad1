/** What is different between two pictures, one line each. Pure. */
import type { PageView, ServiceView } from "./view.ts";

export interface Change {
  /** How it is marked: better, worse, or neither. */
  readonly mood: "good" | "bad" | "plain";
  readonly text: string;
  /** Service that can be explained. */
  readonly service: string | null;
}

const change = (mood: Change["mood"], text: string, service: string | null = null): Change => ({
  mood,
  text,
  service,
});

/** Services first, then sessions, nodes, pools. */
export function changesBetween(before: PageView, now: PageView): readonly Change[] {
  return [
    ...pairs(before.services, now.services, (s) => s.key).flatMap(serviceChanges),
    ...pairs(before.links, now.links, (l) => `${l.peer} ${l.node}`).flatMap(([old, link]) => {
      if (link === null)
        return old === null
          ? []
          : [change("plain", `session of ${old.node} with ${old.router} is no longer wanted`)];
      if (old?.state === link.state) return [];
      const about = `session of ${link.node} with ${link.router}`;
      if (link.state === "up") return [change("good", `${about} is up`)];
      return [change(link.state === "down" ? "bad" : "plain", `${about}: ${link.words}`)];
    }),
    ...pairs(before.nodes, now.nodes, (n) => n.name).flatMap(([old, node]) => {
      if (node === null) return old === null ? [] : [change("plain", `node ${old.name} is gone`)];
      if (old === null) return [change("plain", `node ${node.name} is new`)];
      if (old.alive === node.alive) return [];
      return [
        node.alive
          ? change("good", `speaker of ${node.name} is alive`)
          : change("bad", `speaker of ${node.name} is lost: ${node.reason}`),
      ];
    }),
    ...pairs(before.pools, now.pools, (p) => p.name).flatMap(([old, pool]) => {
      if (pool === null) return old === null ? [] : [change("plain", `pool ${old.name} is gone`)];
      if (old === null) return [change("plain", `pool ${pool.name} is new`)];
      if (old.problem === pool.problem) return [];
      return [
        pool.problem === null
          ? change("good", `pool ${pool.name} is fine again`)
          : change("bad", `pool ${pool.name}: ${pool.problem}`),
      ];
    }),
  ];
}

function serviceChanges([old, now]: Pair<ServiceView>): readonly Change[] {
  if (now === null) return old === null ? [] : [change("plain", `${old.key} is gone`)];
  const { key } = now;
  if (old === null)
    return [
      now.served
        ? change("good", `${key} is new: ${now.addresses.join(", ")}`, key)
        : change("bad", `${key} is new: ${now.message}`, key),
    ];
  const told: Change[] = [];
  if (old.addresses.join() !== now.addresses.join())
    told.push(change("plain", `${key} has ${now.addresses.join(", ") || "no address"}`, key));
  if (old.served !== now.served || (!now.served && old.reason !== now.reason))
    told.push(
      now.served
        ? change("good", `${key} is served`, key)
        : change("bad", `${key} is not served: ${now.message}`, key),
    );
  if (old.owner !== now.owner && now.owner !== null)
    told.push(change("plain", `${now.owner} answers for ${key}`, key));
  if (old.nextHops.join() !== now.nextHops.join() && now.nextHops.length > 0)
    told.push(change("plain", `routers send ${key} to ${now.nextHops.join(", ")}`, key));
  return told;
}

type Pair<T> = readonly [before: T | null, now: T | null];

/** What has the same name, side by side, by name. */
function pairs<T>(
  before: readonly T[],
  now: readonly T[],
  nameOf: (one: T) => string,
): readonly Pair<T>[] {
  const [old, fresh] = [before, now].map((list) => new Map(list.map((x) => [nameOf(x), x])));
  return [...new Set([...(old?.keys() ?? []), ...(fresh?.keys() ?? [])])]
    .sort()
    .map((name) => [old?.get(name) ?? null, fresh?.get(name) ?? null] as const);
}
