/**
 * When a Service or its endpoints changed, until a pass has dealt with it: the beginning of the time to the
 * wire. The store hands out the same object until it changes, so a change is an object not seen before.
 */
import type { KubeObject, ServiceKey } from "../api/objects.ts";
import { keyOf } from "../api/objects.ts";
import { SERVICE_NAME_LABEL } from "../api/resources.ts";
import type { Snapshot } from "../api/snapshot.ts";
import type { Protocol } from "./speaker-view.ts";

export type Due = ReadonlyMap<ServiceKey, number>;

const sliceService = (slice: KubeObject): ServiceKey | null => {
  const name = slice.metadata.labels?.[SERVICE_NAME_LABEL];
  return name === undefined ? null : `${slice.metadata.namespace ?? "default"}/${name}`;
};

export class ChangeTimes {
  #seen: Pick<Snapshot, "services" | "endpointSlices"> | null = null;
  #known = new WeakSet<KubeObject>();
  readonly #due: Readonly<Record<Protocol, Map<ServiceKey, number>>> = {
    bgp: new Map(),
    layer2: new Map(),
  };

  /** The store has something new. What is there at the first call has been there before this process. */
  note(snapshot: Snapshot, nowMs: number): void {
    const before = this.#seen;
    this.#seen = snapshot;
    const changed = (key: ServiceKey): void => {
      if (before === null) return;
      for (const due of Object.values(this.#due)) if (!due.has(key)) due.set(key, nowMs);
    };
    if (before?.services !== snapshot.services)
      for (const service of snapshot.services) if (this.#isNew(service)) changed(keyOf(service));
    if (before?.endpointSlices !== snapshot.endpointSlices)
      for (const slice of snapshot.endpointSlices) {
        const key = this.#isNew(slice) ? sliceService(slice) : null;
        if (key !== null) changed(key);
      }
  }

  #isNew(object: KubeObject): boolean {
    if (this.#known.has(object)) return false;
    this.#known.add(object);
    return true;
  }

  /** What changed since the last pass of this protocol that came to its end. */
  due(protocol: Protocol): Due {
    return new Map(this.#due[protocol]);
  }

  /** The pass that began with `due` is through; a later change of the same Service stays. */
  settle(protocol: Protocol, due: Due): void {
    const open = this.#due[protocol];
    for (const [key, at] of due) if (open.get(key) === at) open.delete(key);
  }
}
