/** One address: which pool has it, which Services hold it, whether they are served, what else has it. */
import { keyOf } from "../api/objects.ts";
import type { ObjectRef } from "../api/objects.ts";
import type { Snapshot } from "../api/snapshot.ts";
import type { Pool } from "../config/config.ts";
import { poolFor } from "../config/pool-for.ts";
import { addressOf } from "../net/ip.ts";
import type { Ip } from "../net/ip.ts";
import { prefixContains } from "../net/prefix.ts";
import { no, note, yes } from "./explanation.ts";
import type { Step } from "./explanation.ts";
import { explainIn } from "./service.ts";
import { headline } from "./text.ts";
import { subjectAnswer } from "./subject.ts";
import type { SubjectAnswer } from "./subject.ts";
import { worldFor } from "./world.ts";
import type { ExplainOptions, World } from "./world.ts";

export function explainAddress(
  snapshot: Snapshot,
  ip: Ip,
  options: ExplainOptions = {},
): SubjectAnswer {
  const world = worldFor(snapshot, options);
  const subject = { kind: "Address", namespace: "", name: ip };
  const found = poolFor(world.config.pools, [ip]);
  const pool =
    found === null
      ? null
      : { kind: "IPAddressPool", namespace: snapshot.namespace, name: found.name };
  const [stranger, ...strangers] = strangersTo(world, ip);
  const own = stepsOf(world, ip, subject, found, pool);
  return stranger === undefined
    ? subjectAnswer(subject, ...own)
    : subjectAnswer(subject, stranger, ...strangers, ...own);
}

function stepsOf(
  world: World,
  ip: Ip,
  subject: ObjectRef,
  found: Pool | null,
  pool: ObjectRef | null,
): readonly [Step, ...Step[]] {
  const holders = world.settled.services
    .filter((s) => (s.status?.loadBalancer?.ingress ?? []).some((i) => i.ip === ip))
    .map((s) => held(world, keyOf(s)))
    .sort((a, b) => (a.message < b.message ? -1 : 1));
  if (pool === null)
    return [
      no(
        "notInPool",
        subject,
        "",
        "no IPAddressPool contains it",
        "give an IPAddressPool a range with it",
      ),
      ...holders,
    ];
  const [holder, ...others] = holders;
  if (holder !== undefined)
    return [holder, ...others, yes("inPool", pool, `is of pool ${pool.name}`)];
  return found?.reserved.some((p) => prefixContains(p, addressOf(ip))) === true
    ? [note("reserved", pool, 'metadata.annotations["ferrolb.io/reserved-addresses"]', "holds it back")] // prettier-ignore
    : [yes("addressFree", pool, `is of pool ${pool.name}, and no Service holds it`)];
}

/** The first line that `explain service` gives, as a step. */
function held(world: World, key: string): Step {
  const answer = explainIn(world, key);
  return { ...answer.because, message: headline(answer) };
}

/** Nodes that have the address themselves: two owners on one wire. */
const strangersTo = ({ snapshot }: World, ip: Ip): readonly Step[] =>
  snapshot.nodes
    .filter((n) => (n.status?.addresses ?? []).some((a) => a.address === ip))
    .map(({ metadata: { name } }) =>
      no(
        "nodeAddress",
        { kind: "Node", namespace: "", name },
        "status.addresses",
        `${name} has ${ip} itself`,
        "take the address out of the pool",
      ),
    );
