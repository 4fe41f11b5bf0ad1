/** What this node announces, remembered from pass to pass: only transitions are told. */
import type { ServiceKey } from "../api/objects.ts";
import type { EventWrite } from "../api/store.ts";
import type { Log } from "./log.ts";
import type { AnnouncedService, Protocol } from "./speaker-view.ts";

export const SPEAKER_SOURCE = "metallb-speaker";

export interface AnnouncedMemory {
  /**
   * Replaces what is announced over one protocol.
   * @param reasonOf why a Service that was announced is no longer; asked for those alone
   */
  set(
    protocol: Protocol,
    now: readonly AnnouncedService[],
    reasonOf: (keys: ReadonlySet<ServiceKey>) => ReadonlyMap<ServiceKey, string>,
  ): void;
  /** Of both protocols, BGP first, by key. */
  all(): readonly AnnouncedService[];
}

const sameWay = (a: AnnouncedService, b: AnnouncedService): boolean =>
  a.ips.join() === b.ips.join() && a.where.join() === b.where.join();

export function rememberAnnounced(
  node: string,
  log: Log,
  recordEvent: (event: EventWrite) => void,
): AnnouncedMemory {
  const memory: Record<Protocol, ReadonlyMap<ServiceKey, AnnouncedService>> = {
    bgp: new Map(),
    layer2: new Map(),
  };
  const lists: Record<Protocol, readonly AnnouncedService[] | null> = { bgp: null, layer2: null };
  return {
    all: () => [...memory.bgp.values(), ...memory.layer2.values()],
    set(protocol, list, reasonOf) {
      if (lists[protocol] === list) return;
      lists[protocol] = list;
      const before = memory[protocol];
      const now = new Map<ServiceKey, AnnouncedService>();
      for (const one of list) now.set(one.key, one);
      memory[protocol] = now;
      for (const [service, one] of now) {
        const old = before.get(service);
        if (old !== undefined && (old === one || sameWay(old, one))) continue;
        const fields = { event: "serviceAnnounced", service, protocol, ips: one.ips };
        log.info({ ...fields, where: one.where }, "announcing");
        if (old === undefined) recordEvent(nodeAssigned(service, node, protocol));
      }
      const gone = new Set<ServiceKey>();
      for (const key of before.keys()) if (!now.has(key)) gone.add(key);
      if (gone.size === 0) return;
      const reasons = reasonOf(gone);
      for (const service of gone) {
        const reason = reasons.get(service) ?? "serviceDeleted";
        const { ips } = before.get(service) ?? { ips: [] };
        log.info({ event: "serviceWithdrawn", service, protocol, ips, reason }, "withdrawn");
      }
    },
  };
}

function nodeAssigned(key: ServiceKey, node: string, protocol: Protocol): EventWrite {
  const slash = key.indexOf("/");
  return {
    about: { kind: "Service", namespace: key.slice(0, slash), name: key.slice(slash + 1) },
    type: "Normal",
    reason: "nodeAssigned",
    message: `announcing from node "${node}" with protocol "${protocol}"`,
    source: SPEAKER_SOURCE,
  };
}
