/** Which advertisements cover the pool and the Service, and why the others don't. */
import type { LabelSelector, ObjectRef } from "../api/objects.ts";
import type { BGPAdvertisement, L2Advertisement } from "../api/resources.ts";
import { anySelectorMatches } from "../api/selector.ts";
import { fieldsOf, listAt } from "../config/read.ts";
import { no, yes } from "./explanation.ts";
import type { Step } from "./explanation.ts";
import { errorsAbout } from "./facts.ts";
import type { Facts } from "./facts.ts";

type Advertisement = L2Advertisement | BGPAdvertisement;

const refTo = ({ kind, metadata }: Advertisement, namespace: string): ObjectRef => ({
  kind,
  namespace,
  name: metadata.name,
});

const selectorText = (selectors: readonly LabelSelector[] | undefined): string =>
  (selectors ?? [])
    .map((s) =>
      [
        ...Object.entries(s.matchLabels ?? {}).map(([k, v]) => `${k}=${v}`),
        ...(s.matchExpressions ?? []).map((e) =>
          `${e.key} ${e.operator} ${(e.values ?? []).join("|")}`.trim(),
        ),
      ].join(","),
    )
    .join(" or ");

export interface Coverage {
  readonly steps: readonly Step[];
  /** Advertisements of either kind that apply to this Service on some node. */
  readonly applies: boolean;
}

export function coverageOf(facts: Facts): Coverage {
  const { pool, snapshot, service } = facts;
  const steps: Step[] = [];
  if (pool === null) return { steps, applies: false };
  const all: readonly Advertisement[] = [
    ...snapshot.l2Advertisements,
    ...snapshot.bgpAdvertisements,
  ].filter((a) => (a.metadata.namespace ?? snapshot.namespace) === snapshot.namespace);
  const covering = new Map<string, readonly string[]>([
    ...pool.l2Advertisements.flatMap((a) =>
      a.names.map((name): [string, readonly string[]] => [`L2Advertisement ${name}`, a.nodes]),
    ),
    ...pool.bgpAdvertisements.map((a): [string, readonly string[]] => [
      `BGPAdvertisement ${a.name}`,
      a.nodes,
    ]),
  ]);
  let applies = false;
  const blockers: Step[] = [];
  for (const a of [...all].sort((x, y) => (x.metadata.name < y.metadata.name ? -1 : 1))) {
    const object = refTo(a, snapshot.namespace);
    const nodes = covering.get(`${a.kind} ${a.metadata.name}`);
    const [broken] = errorsAbout(facts, a.kind, a.metadata.name);
    if (nodes === undefined && broken !== undefined && mayCover(a, pool.name))
      blockers.push(
        no(
          "advertisementInvalid",
          object,
          broken.path,
          `is left out, because ${broken.message}`,
          "mend it",
        ),
      );
    else if (nodes === undefined)
      blockers.push(
        no(
          "poolNotCovered",
          object,
          a.spec?.ipAddressPools?.length ? "spec.ipAddressPools" : "spec.ipAddressPoolSelectors",
          `covers other pools, not ${pool.name}`,
          `add ${pool.name} to spec.ipAddressPools`,
        ),
      );
    else if (!anySelectorMatches(a.spec?.serviceSelectors, service.metadata.labels))
      blockers.push(
        no(
          "noMatchingAdvertisement",
          object,
          "spec.serviceSelectors",
          `covers pool ${pool.name}, but not this Service: it selects ${selectorText(a.spec?.serviceSelectors)}`,
          "label the Service so that it matches, or widen the selector",
        ),
      );
    else if (nodes.length === 0) blockers.push(noNode(facts, object, a));
    else {
      applies = true;
      steps.push(yes("advertised", object, `covers pool ${pool.name} on ${nodes.join(", ")}`));
    }
  }
  if (applies) return { steps: [...steps, ...blockers.map(asNote)], applies };
  const first = blockers.find((b) => b.reason !== "poolNotCovered") ?? blockers[0];
  if (blockers.length > 0 && first !== undefined && first.reason !== "poolNotCovered")
    return { steps: [first, ...blockers.filter((b) => b !== first)], applies };
  return { steps: [noAdvertisement(facts, blockers), ...blockers.map(asNote)], applies };
}

/** What is left out is to blame only where it would have covered the pool. */
function mayCover({ spec }: Advertisement, pool: string): boolean {
  const fields = fieldsOf(spec); // what is left out may be of any shape
  const pools = listAt(fields, "ipAddressPools");
  const bySelector = listAt(fields, "ipAddressPoolSelectors").length > 0;
  return pools.includes(pool) || pools.length === 0 || bySelector;
}

const asNote = (step: Step): Step => ({ ...step, verdict: "note" });

function noAdvertisement({ pool, snapshot }: Facts, others: readonly Step[]): Step {
  const name = pool?.name ?? "";
  const object = { kind: "IPAddressPool", namespace: snapshot.namespace, name };
  return no(
    "noAdvertisement",
    object,
    "",
    others.length === 0
      ? `no L2Advertisement and no BGPAdvertisement exists, so addresses of pool ${name} are announced nowhere`
      : `no L2Advertisement and no BGPAdvertisement covers pool ${name}`,
    `create an L2Advertisement or a BGPAdvertisement with ipAddressPools: [${name}]`,
  );
}

/** X5, S19: a selector for a label that no node carries. */
function noNode({ snapshot }: Facts, object: ObjectRef, a: Advertisement): Step {
  const selectors = a.spec?.nodeSelectors;
  const text = selectorText(selectors);
  if (snapshot.nodes.length === 0)
    return no("noNodes", object, "", "there is no Node", "give the Nodes, too");
  const worker = text.includes("node-role.kubernetes.io/worker");
  return no(
    "noNodeSelected",
    object,
    "spec.nodeSelectors",
    `no node matches ${text}` + (worker ? ": kubeadm, k3s and MicroK8s do not set that label" : ""),
    worker
      ? "label the workers, or select {matchExpressions: [{key: node-role.kubernetes.io/control-plane, operator: DoesNotExist}]}"
      : "label a node so that it matches, or change the selector",
  );
}
