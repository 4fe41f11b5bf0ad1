/** One pool: what is left of it, who holds its addresses, what announces them. */
import { keyOf } from "../api/objects.ts";
import { refusalText } from "../allocator/messages.ts";
import { no, note, yes } from "./explanation.ts";
import type { Step } from "./explanation.ts";
import { errorsAbout } from "./facts.ts";
import { subjectAnswer } from "./subject.ts";
import type { SubjectAnswer } from "./subject.ts";
import { worldFor } from "./world.ts";
import type { ExplainOptions, World } from "./world.ts";
import type { Snapshot } from "../api/snapshot.ts";

export function explainPool(
  snapshot: Snapshot,
  name: string,
  options: ExplainOptions = {},
): SubjectAnswer {
  const world = worldFor(snapshot, options);
  const ref = { kind: "IPAddressPool", namespace: snapshot.namespace, name };
  const [broken] = errorsAbout(world, "IPAddressPool", name);
  if (broken !== undefined)
    return subjectAnswer(
      ref,
      no(
        "poolInvalid",
        ref,
        broken.path,
        `is left out, because ${broken.message}`,
        "mend the pool",
      ),
    );
  const pool = world.config.pools.find((p) => p.name === name);
  const counters = world.outcome.counters.get(name);
  if (pool === undefined || counters === undefined)
    return subjectAnswer(
      ref,
      no("unknownPool", ref, "", "there is no such pool", "look at the namespace and the name"),
    );
  const used = counters.assignedIPv4 + counters.assignedIPv6;
  const free = counters.availableIPv4 + counters.availableIPv6;
  const words = `${used} in use, ${free} free`;
  return subjectAnswer(
    ref,
    free === 0n
      ? no(
          "poolExhausted",
          ref,
          "spec.addresses",
          words,
          "give the pool another range, or delete Services that hold its addresses",
        )
      : yes("poolFree", ref, words),
    ...advertisementsOf(world, name),
    ...holdersOf(world, name),
    ...turnedAway(world, name),
  );
}

function advertisementsOf({ config, snapshot }: World, name: string): readonly Step[] {
  const pool = config.pools.find((p) => p.name === name);
  const l2 = (pool?.l2Advertisements ?? []).flatMap((a) =>
    a.names.map((n) => ({ kind: "L2Advertisement", name: n, nodes: a.nodes })),
  );
  const bgp = (pool?.bgpAdvertisements ?? []).map((a) => ({
    kind: "BGPAdvertisement",
    name: a.name,
    nodes: a.nodes,
  }));
  const all = [...l2, ...bgp];
  if (all.length === 0)
    return [
      no(
        "noAdvertisement",
        { kind: "IPAddressPool", namespace: snapshot.namespace, name },
        "",
        `no L2Advertisement and no BGPAdvertisement covers pool ${name}`,
        `create an L2Advertisement or a BGPAdvertisement with ipAddressPools: [${name}]`,
      ),
    ];
  return all.map((a) =>
    note(
      "advertised",
      { kind: a.kind, namespace: snapshot.namespace, name: a.name },
      "",
      a.nodes.length === 0 ? "selects no node" : `on ${a.nodes.join(", ")}`,
    ),
  );
}

const holdersOf = (world: World, name: string): readonly Step[] =>
  world.settled.services
    .filter((s) => world.outcome.outcomes.get(keyOf(s))?.pool === name)
    .map((s) => {
      const { namespace = "default", name: own } = s.metadata;
      const ips = (s.status?.loadBalancer?.ingress ?? []).map((i) => i.ip ?? "").join(", ");
      return note("IPAllocated", { kind: "Service", namespace, name: own }, "", `holds ${ips}`);
    })
    .sort(byObject);

/** Pending Services that asked here in vain. */
const turnedAway = (world: World, name: string): readonly Step[] =>
  world.settled.services
    .flatMap((s) => {
      const pending = world.outcome.outcomes.get(keyOf(s))?.pending ?? null;
      if (pending === null || !("verdicts" in pending)) return [];
      const object = {
        kind: "Service",
        namespace: s.metadata.namespace ?? "default",
        name: s.metadata.name,
      };
      return pending.verdicts
        .filter((v) => v.pool === name)
        .map((v) =>
          note(v.refusal.kind, object, "", `gets nothing here: ${refusalText(v.refusal)}`),
        );
    })
    .sort(byObject);

const byObject = (a: Step, b: Step): number => {
  const of = ({ object }: Step): string => `${object?.namespace ?? ""}/${object?.name ?? ""}`;
  return of(a) < of(b) ? -1 : 1;
};
