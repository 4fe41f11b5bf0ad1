/**
 * Whether a change in the cluster can come out here at all: most do not. Other Services' Pods come and go all day,
 * and a Service without an address is the controller's.
 */
import { announcedIps, endpointsByService, isOurs, serviceKey } from "../api/service-view.ts";
import type { Problem } from "../api/problem.ts";
import type { Snapshot } from "../api/snapshot.ts";
import { sameItems } from "../runtime/steady.ts";
import { isSilent } from "./service-truths.ts";

/** For what one store says, in its order. True for the first. */
export function concernOf(
  lbClass: string,
): (snapshot: Snapshot, problems: readonly Problem[]) => boolean {
  let last: readonly unknown[] = [];
  return (snapshot, problems) => {
    const before = last;
    last = [...concerns(snapshot, lbClass), ...problems];
    return !sameItems(before, last);
  };
}

/** Services that are ours to speak of, each with its endpoints, and all lists of other kinds. */
function concerns(snapshot: Snapshot, lbClass: string): readonly unknown[] {
  const { services, endpointSlices, ...others } = snapshot;
  const endpointsOf = endpointsByService(endpointSlices);
  const found: unknown[] = Object.values(others);
  for (const service of services) {
    if (!isOurs(service, lbClass)) continue;
    const assigned = announcedIps(service);
    if ("reason" in assigned && isSilent(assigned.reason)) continue;
    found.push(service, endpointsOf(serviceKey(service)));
  }
  return found;
}
