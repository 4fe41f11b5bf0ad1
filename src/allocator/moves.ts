/** Which addresses in use would move with an edit of the manifests, and why: asked before it is applied. */
import { keyOf } from "../api/objects.ts";
import type { Service, ServiceKey } from "../api/objects.ts";
import type { Ip } from "../net/ip.ts";
import { POOL_OUT_ANNOTATION } from "./annotations.ts";
import { messageOf } from "./messages.ts";
import type { Outcome } from "./outcome.ts";
import { settleServices } from "./settle.ts";
import type { SettleInput, Settled } from "./settle.ts";

export interface Move {
  readonly service: ServiceKey;
  readonly from: readonly Ip[];
  readonly fromPool: string | null;
  /** Empty: it would be left without an address. */
  readonly to: readonly Ip[];
  readonly toPool: string | null;
  readonly why: string;
}

/**
 * `before`: the old manifests, settled. A Service of `after` without a status holds what it held there.
 * Services that are gone, or want no address any more, move nothing. Sorted by Service.
 */
export function movesBetween(before: Settled, after: SettleInput): readonly Move[] {
  const held = new Map(before.services.map((service) => [keyOf(service), service]));
  const services = after.services.map((service) => carried(service, held.get(keyOf(service))));
  const settled = settleServices({ ...after, services });
  const moves: Move[] = [];
  for (const { key, ips: from, pool: fromPool } of before.outcomes.values()) {
    const now = settled.outcomes.get(key);
    if (from.length === 0 || now === undefined || !now.wish.isLoadBalancer) continue;
    const { ips: to, pool: toPool } = now;
    if (from.every((ip) => to.includes(ip))) continue;
    moves.push({ service: key, from, fromPool, to, toPool, why: whyOf(now, settled) });
  }
  return moves.sort((a, b) => (a.service < b.service ? -1 : 1));
}

function carried(service: Service, old: Service | undefined): Service {
  const shows = (service.status?.loadBalancer?.ingress ?? []).length > 0;
  if (shows || old?.status === undefined) return service;
  const mark = old.metadata.annotations?.[POOL_OUT_ANNOTATION];
  const annotations = {
    ...service.metadata.annotations,
    ...(mark === undefined ? {} : { [POOL_OUT_ANNOTATION]: mark }),
  };
  return { ...service, metadata: { ...service.metadata, annotations }, status: old.status };
}

function whyOf({ key, pending }: Outcome, { events }: Settled): string {
  const refused = events.get(key)?.find((event) => event.reason === "ClearAssignment");
  if (refused !== undefined) return refused.message;
  return pending === null ? "the Service asks for other addresses" : messageOf(pending);
}
