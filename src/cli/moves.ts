/** `validate --against OLD`: the addresses in use that would move. */
import { movesBetween } from "../allocator/moves.ts";
import type { Move } from "../allocator/moves.ts";
import { poolsLeftOut, settleSnapshot } from "../allocator/settle.ts";
import { keyOf } from "../api/objects.ts";
import type { Service } from "../api/objects.ts";
import type { Snapshot } from "../api/snapshot.ts";
import { parseConfig } from "../config/parse.ts";
import { table } from "./output.ts";

export type { Move } from "../allocator/moves.ts";

/**
 * Addresses in use are those in the status of the Services, and those that the old manifests give. Manifests
 * without any Service (the configuration alone) are taken to keep the Services of the other side.
 */
export function movesAgainst(old: Snapshot, now: Snapshot, lbClass: string): readonly Move[] {
  const services = now.services.length > 0 ? now.services : old.services;
  const asBefore = old.services.length > 0 ? withStatusOf(old.services, services) : services;
  const parsed = parseConfig(now);
  const before = settleSnapshot({ services: asBefore }, parseConfig(old), lbClass);
  return movesBetween(before, {
    pools: parsed.config.pools,
    leftOut: poolsLeftOut(parsed),
    services,
    lbClass,
    familySource: "derived",
  });
}

/** What is shown today is what is in use, on whichever side it is shown. */
export function withStatusOf(
  services: readonly Service[],
  others: readonly Service[],
): readonly Service[] {
  const shown = new Map(others.map((service) => [keyOf(service), service.status]));
  return services.map((service) => {
    const status = service.status ?? shown.get(keyOf(service));
    return status === undefined ? service : { ...service, status };
  });
}

export function movesText(moves: readonly Move[]): string {
  if (moves.length === 0) return "no address in use would move";
  const text = (ips: readonly string[], pool: string | null): string =>
    ips.length === 0 ? "none" : `${ips.join(", ")} (${pool ?? "?"})`;
  const rows = moves.map((m) => [m.service, text(m.from, m.fromPool), text(m.to, m.toPool), m.why]);
  return [
    table(["SERVICE", "FROM", "TO", "WHY"], rows),
    `${moves.length} ${moves.length === 1 ? "Service" : "Services"} would change address. To keep them, leave the range in ` +
      'place and annotate the IPAddressPool: ferrolb.io/drain: "true", or ferrolb.io/reserved-addresses for a part.',
  ].join("\n");
}
