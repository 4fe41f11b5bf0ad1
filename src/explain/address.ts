/** Which address a Service has, or why it has none: the controller's own reasons, with the object at fault. */
import { faultOf, messageOf, refusalText } from "../allocator/messages.ts";
import type { PendingReason, PoolVerdict } from "../allocator/reasons.ts";
import { isLoadBalancer, isOurs } from "../api/service-view.ts";
import type { ReasonWord } from "../api/reason-words.ts";
import { refText } from "../api/objects.ts";
import type { ServiceKey } from "../api/objects.ts";
import { keyOf } from "../api/objects.ts";
import type { Problem } from "../api/problem.ts";
import { fieldsOf, listAt } from "../config/read.ts";
import { addressOf } from "../net/ip.ts";
import type { Ip } from "../net/ip.ts";
import { parsePrefix, prefixContains } from "../net/prefix.ts";
import type { Prefix } from "../net/prefix.ts";
import { parseRange } from "../net/range.ts";
import { no, note, yes } from "./explanation.ts";
import type { Step } from "./explanation.ts";
import { errorsAbout } from "./facts.ts";
import type { Facts } from "./facts.ts";

/** Steps up to the address; the chain ends here when one of them is a `no`. */
export function addressSteps(facts: Facts): readonly Step[] {
  const { service, ref, lbClass } = facts;
  if (!isLoadBalancer(service))
    return [
      no(
        "notLoadBalancer",
        ref,
        "spec.type",
        `is of type ${service.spec?.type ?? "ClusterIP"}: only LoadBalancer Services get an address`,
        "set spec.type to LoadBalancer",
      ),
    ];
  if (!isOurs(service, lbClass)) return [otherClass(facts)];
  const { outcome } = facts;
  const pending = outcome?.pending ?? null;
  if (pending !== null && facts.ips.length === 0) return [pendingStep(facts, pending)];
  const notes = pending === null ? [] : [keptDespite(facts, pending)];
  if (facts.pool === null)
    return [
      ...notes,
      no(
        "ipNotAllowed",
        ref,
        "status.loadBalancer.ingress",
        `holds ${facts.ips.join(", ") || "no address"}, which no IPAddressPool contains`,
        "give an IPAddressPool a range with it, or let the controller give another address",
      ),
    ];
  const pool = {
    kind: "IPAddressPool",
    namespace: facts.snapshot.namespace,
    name: facts.pool.name,
  };
  const shown = (service.status?.loadBalancer?.ingress ?? []).length > 0;
  const address = yes(
    "IPAllocated",
    pool,
    `${facts.ips.join(", ")} from pool ${facts.pool.name}${shown ? "" : " (not in the status yet)"}`,
  );
  return [...notes, address, ...sharing(facts)];
}

function otherClass({ service, ref, lbClass }: Facts): Step {
  const written = service.spec?.loadBalancerClass ?? "";
  return no(
    "otherLoadBalancerClass",
    ref,
    "spec.loadBalancerClass",
    written === ""
      ? `has no class, and this FerroLB serves class ${JSON.stringify(lbClass)} only`
      : `has class ${JSON.stringify(written)}, which another load balancer serves`,
    lbClass === "" ? "remove spec.loadBalancerClass" : `set it to ${JSON.stringify(lbClass)}`,
  );
}

function pendingStep(facts: Facts, pending: PendingReason): Step {
  // A pool that would have served, but is in quarantine, is what to mend first.
  const broken = brokenPool(facts, pending);
  if (broken !== undefined)
    return no(
      "poolInvalid",
      broken.object,
      broken.path,
      `is left out, because ${broken.message}`,
      "mend the pool",
    );
  const { namespace } = facts.snapshot;
  const fault = faultOf(pending, facts.key, namespace);
  const object = fault.object.name === "" ? facts.ref : fault.object;
  return no(reasonOf(pending), object, fault.path, messageOf(pending), fixFor(pending));
}

/** Reasons that a pool which is left out may be behind. */
const MAY_LACK_A_POOL: readonly PendingReason["kind"][] = [
  "noPool",
  "exhausted",
  "noPoolForService",
  "notInPool",
];

function brokenPool(facts: Facts, pending: PendingReason): Problem | undefined {
  if (pending.kind === "unknownPool") return errorsAbout(facts, "IPAddressPool", pending.pool)[0];
  if (pending.kind === "notInPool")
    return errorsAbout(facts, "IPAddressPool", null).find(({ object }) =>
      pending.ips.every((ip) => mentions(facts, object.name, ip)),
    );
  return MAY_LACK_A_POOL.includes(pending.kind)
    ? errorsAbout(facts, "IPAddressPool", null)[0]
    : undefined;
}

/** Whether a pool that is left out has a range with the address. */
const mentions = ({ snapshot }: Facts, name: string, ip: Ip): boolean =>
  snapshot.pools
    .filter((p) => p.metadata.name === name)
    .flatMap((p) => listAt(fieldsOf(p.spec), "addresses"))
    .filter((text) => typeof text === "string")
    .some((text) => rangesIn(text).some((range) => prefixContains(range, addressOf(ip))));

function rangesIn(text: string): readonly Prefix[] {
  try {
    return text.includes("/") ? [parsePrefix(text)] : parseRange(text);
  } catch {
    return [];
  }
}

/** The kinds of the union are the words everywhere, but for two that people know by another. */
const reasonOf = ({ kind }: PendingReason): ReasonWord =>
  kind === "noPool" ? "noIPAddressPool" : kind === "exhausted" ? "poolExhausted" : kind;

function fixFor(pending: PendingReason): string {
  switch (pending.kind) {
    case "noPool":
      return "create an IPAddressPool in the namespace of FerroLB";
    case "noClusterIPs":
    case "notEnoughClusterIPs":
    case "unknownFamily":
      return "look at spec.clusterIPs and spec.ipFamilies of the Service";
    case "dualButSingleStack":
      return "set spec.ipFamilyPolicy to PreferDualStack or RequireDualStack";
    case "badRequest":
      return "write one IP address, or one of each family with a comma between";
    case "requestFamily":
      return "ask for addresses of the families the Service has";
    case "notInPool":
      return "ask for an address inside one pool, or give a pool a range with it";
    case "requestInOtherPool":
      return "ask for the pool that holds the address, or for an address of the pool";
    case "unknownPool":
      return "create the pool, or correct the annotation metallb.io/address-pool";
    case "notAllowed":
      return `change it in pool ${pending.verdict.pool}, or ask for another pool`;
    case "reserved":
      return `take it out of ferrolb.io/reserved-addresses of pool ${pending.pool}, or ask for another`;
    case "inUse":
      return pending.conflict.kind === "port"
        ? "give one of them another port, or another address"
        : "give both Services the same metallb.io/allow-shared-ip, or another address to one of them";
    case "poolExhausted":
    case "exhausted":
      return "give the pool another range, or delete Services that hold its addresses";
    case "noPoolForService":
      return "ask for a pool by metallb.io/address-pool, or widen a pool's serviceAllocation or autoAssign";
    default:
      return pending satisfies never;
  }
}

const keptDespite = (facts: Facts, pending: PendingReason): Step =>
  note(
    reasonOf(pending),
    facts.ref,
    faultOf(pending, facts.key, facts.snapshot.namespace).path,
    `keeps ${facts.ips.join(", ")}, but what it asks for cannot be done: ${messageOf(pending)}`,
    fixFor(pending),
  );

function sharing({ settled, ips, key, ref }: Facts): readonly Step[] {
  const others: ServiceKey[] = settled.services
    .filter((s) => keyOf(s) !== key)
    .filter((s) =>
      (s.status?.loadBalancer?.ingress ?? []).some((i) => ips.some((ip) => ip === i.ip)),
    )
    .map(keyOf)
    .sort();
  if (others.length === 0) return [];
  const path = 'metadata.annotations["metallb.io/allow-shared-ip"]';
  return [note("sharedAddress", ref, path, `shares its address with ${others.join(", ")}`)];
}

/** Why pools that were looked at do not serve, one line each. */
export const poolNotes = (facts: Facts, verdicts: readonly PoolVerdict[]): readonly Step[] =>
  verdicts.map(({ pool, refusal }) => {
    const object = { kind: "IPAddressPool", namespace: facts.snapshot.namespace, name: pool };
    return note(refusal.kind, object, "", `${refText(object)}: ${refusalText(refusal)}`);
  });

/** The pools an unsatisfied Service was held against. */
export const verdictsOf = (facts: Facts): readonly PoolVerdict[] => {
  const pending = facts.outcome?.pending ?? null;
  return pending !== null && "verdicts" in pending ? pending.verdicts : [];
};
