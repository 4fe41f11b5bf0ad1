/** A Store in memory: objects as plain lists, writes applied at once or refused on demand. */
import type { Service } from "../../src/api/objects.ts";
import type { IPAddressPool } from "../../src/api/resources.ts";
import { emptySnapshot } from "../../src/api/snapshot.ts";
import type { Snapshot } from "../../src/api/snapshot.ts";
import type { EventWrite, ReportWrite, Store } from "../../src/api/store.ts";
import { POOL_OUT_ANNOTATION } from "../../src/allocator/annotations.ts";

export interface MemoryStore extends Store {
  /** Replaces lists of the snapshot and tells the listeners. */
  set(change: Partial<Snapshot>): void;
  /** `ns/name` to addresses. */
  ips(): Record<string, string>;
  readonly writes: string[];
  readonly events: EventWrite[];
  readonly reports: ReportWrite[];
  /** Writes to these keys fail. */
  readonly refused: Set<string>;
}

const keyOf = (s: Service): string => `${s.metadata.namespace ?? ""}/${s.metadata.name}`;

export function memoryStore(initial: Snapshot | null = null): MemoryStore {
  let snapshot = initial;
  const listeners = new Set<() => void>();
  const set = (change: Partial<Snapshot>): void => {
    snapshot = { ...(snapshot ?? emptySnapshot()), ...change };
    for (const listener of listeners) listener();
  };
  const tryWrite = (key: string): void => {
    store.writes.push(key);
    if (store.refused.has(key)) throw new Error(`the store refuses ${key}`);
  };
  const store: MemoryStore = {
    set,
    writes: [],
    events: [],
    reports: [],
    refused: new Set(),
    ips: () =>
      Object.fromEntries(
        (snapshot?.services ?? []).map((s) => [
          keyOf(s),
          (s.status?.loadBalancer?.ingress ?? []).map((i) => i.ip).join(","),
        ]),
      ),
    snapshot: () => snapshot,
    problems: () => [],
    onChange: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    writeServiceStatus: async (key, { ips, pool }) => {
      await Promise.resolve();
      tryWrite(key);
      const services = (snapshot?.services ?? []).map((s) => {
        if (keyOf(s) !== key) return s;
        const kept = Object.entries(s.metadata.annotations ?? {}).filter(
          ([k]) => k !== POOL_OUT_ANNOTATION,
        );
        const annotations = Object.fromEntries([
          ...kept,
          ...(pool === null ? [] : [[POOL_OUT_ANNOTATION, pool] as const]),
        ]);
        const status = { loadBalancer: { ingress: ips.map((ip) => ({ ip })) } };
        return { ...s, metadata: { ...s.metadata, annotations }, status };
      });
      set({ services });
    },
    writePoolStatus: async (name, counters) => {
      await Promise.resolve();
      tryWrite(name);
      const pools = (snapshot?.pools ?? []).map((p): IPAddressPool =>
        p.metadata.name === name ? { ...p, status: counters } : p,
      );
      set({ pools });
    },
    recordEvent: (event) => void store.events.push(event),
    writeReports: (_, reports) => {
      store.reports.splice(0, store.reports.length, ...reports);
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
  return store;
}
