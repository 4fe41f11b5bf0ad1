/**
 * How long an address takes from the change that made it ready to the wire: the first unsolicited frame at L2,
 * the Adj-RIB-Out of a neighbour in BGP. And how long it was without an owner when one died.
 */
import { Counter, Gauge, Histogram } from "prom-client";
import type { Registry } from "prom-client";

interface AddressWait {
  readonly service: string;
  readonly ip: string;
  /** By the clock that `nowMs` reads. */
  readonly sinceMs: number;
}
interface Takeover {
  readonly ip: string;
  readonly sinceMs: number;
}

export interface WireTimes {
  /** Addresses that are about to be announced. */
  expect(waits: readonly AddressWait[], takeovers: readonly Takeover[]): void;
  /** An unsolicited frame went out. */
  frameSent(ip: string, atMs: number): void;
  /** A neighbour is sent the prefix. */
  prefixSent(wait: Pick<AddressWait, "service" | "sinceMs">, atMs: number): void;
  unmeasured(count: number): void;
  /** Forgets Services that are not announced over any protocol. */
  retain(services: ReadonlySet<string>): void;
}

const BUCKETS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2.5, 5, 10];
/** Services with a value of their own. */
const SERVICES_MOST = 2000;
/** An address that found no interface to be announced on. */
const FORGET_MS = 60_000;

export function createWireTimes(registry: Registry, nowMs: () => number): WireTimes {
  const registers = [registry];
  const ready = new Histogram({
    name: "ferrolb_endpoint_ready_to_wire_seconds",
    help: "From the change of a Service or its endpoints to its address on the wire",
    labelNames: ["protocol"],
    buckets: BUCKETS_S,
    registers,
  });
  const last = new Gauge({
    name: "ferrolb_service_last_ready_to_wire_seconds",
    help: "The same, the last time that a Service's address was announced from here",
    labelNames: ["service", "protocol"],
    registers,
  });
  const gap = new Histogram({
    name: "ferrolb_layer2_takeover_gap_seconds",
    help: "From the last sign of life of an address's dead owner to the first frame of this node",
    buckets: BUCKETS_S,
    registers,
  });
  const skipped = new Counter({
    name: "ferrolb_ready_to_wire_unmeasured_total",
    help: "Addresses that were not followed to the wire: too many at once, or no session to send on",
    registers,
  });
  for (const protocol of ["bgp", "layer2"]) ready.zero({ protocol });
  const waiting = new Map<string, AddressWait>();
  const leaderless = new Map<string, Takeover>();
  const shown = new Map<string, Set<string>>();
  const missing = new Set<string>();

  const observe = (protocol: string, service: string, seconds: number): void => {
    ready.observe({ protocol }, seconds);
    if (!shown.has(service) && shown.size >= SERVICES_MOST) return;
    shown.set(service, (shown.get(service) ?? new Set()).add(protocol));
    last.set({ service, protocol }, seconds);
  };
  const secondsSince = (ms: number, atMs: number): number => Math.max(0, atMs - ms) / 1000;

  return {
    expect(waits, takeovers) {
      const old = nowMs() - FORGET_MS;
      for (const map of [waiting, leaderless])
        for (const [ip, { sinceMs }] of map) if (sinceMs < old) map.delete(ip);
      for (const wait of waits) waiting.set(wait.ip, wait);
      for (const one of takeovers) leaderless.set(one.ip, one);
    },
    frameSent(ip, atMs) {
      const wait = waiting.get(ip);
      if (wait !== undefined) observe("layer2", wait.service, secondsSince(wait.sinceMs, atMs));
      waiting.delete(ip);
      const takeover = leaderless.get(ip);
      if (takeover !== undefined) gap.observe(secondsSince(takeover.sinceMs, atMs));
      leaderless.delete(ip);
    },
    prefixSent: ({ service, sinceMs }, atMs) =>
      observe("bgp", service, secondsSince(sinceMs, atMs)),
    unmeasured: (count) => skipped.inc(count),
    retain(services) {
      for (const [service, protocols] of shown) {
        if (services.has(service)) {
          missing.delete(service);
          continue;
        }
        // The wire is told of before the pass is through: only who is missing twice is gone.
        if (!missing.delete(service)) {
          missing.add(service);
          continue;
        }
        for (const protocol of protocols) last.remove({ service, protocol });
        shown.delete(service);
      }
    },
  };
}
