/** The controller's metrics: pools with MetalLB's names, Services without an address, nodes without a speaker. */
import { Gauge } from "prom-client";
import type { Registry } from "prom-client";
import { addSampled } from "./series.ts";

interface PoolNumbers {
  readonly assignedIPv4: bigint;
  readonly assignedIPv6: bigint;
  readonly availableIPv4: bigint;
  readonly availableIPv6: bigint;
}

/** What a pass found out. */
export interface ControllerFacts {
  readonly pools: ReadonlyMap<string, PoolNumbers>;
  /** Addresses by Service, as given. */
  readonly addresses: readonly { readonly service: string; readonly ip: string }[];
  /** Why each Service that waits has no address: a word of the allocator's. */
  readonly pending: readonly string[];
  /** Nodes without a speaker, each with why; null: nobody knows. */
  readonly without: readonly { readonly reason: string }[] | null;
}

const NOTHING: ControllerFacts = { pools: new Map(), addresses: [], pending: [], without: null };

/** Reasons that always have a series, so that an alert can tell 0 from unknown. */
const WITHOUT_REASONS = ["noPod", "notReady", "taint"] as const;

/** The way to tell the facts of the latest pass; null when this process no longer leads. */
export function createControllerMetrics(
  registry: Registry,
): (facts: ControllerFacts | null) => void {
  let known: ControllerFacts | null = null;
  const of = (): ControllerFacts => known ?? NOTHING;
  const pool = (name: string, help: string, value: (n: PoolNumbers) => bigint): void =>
    addSampled(registry, {
      ...{ name: `metallb_allocator_${name}`, help, type: "gauge", labelNames: ["pool"] },
      samples: () =>
        [...of().pools].map(([p, numbers]) => ({
          labels: { pool: p },
          value: Number(value(numbers)),
        })),
    });
  pool("addresses_total", "Usable addresses", (n) => total4(n) + total6(n));
  pool("ipv4_addresses_total", "Usable IPv4 addresses", total4);
  pool("ipv6_addresses_total", "Usable IPv6 addresses", total6);
  pool("addresses_in_use_total", "Addresses in use", (n) => n.assignedIPv4 + n.assignedIPv6);
  pool("ipv4_addresses_in_use_total", "IPv4 addresses in use", (n) => n.assignedIPv4);
  pool("ipv6_addresses_in_use_total", "IPv6 addresses in use", (n) => n.assignedIPv6);
  // Registered and never set, as in MetalLB.
  new Gauge({
    name: "metallb_allocator_services_allocated_total",
    help: "Number of services with addresses, by pool",
    labelNames: ["pool"],
    registers: [registry],
  });
  addSampled(registry, {
    name: "ferrolb_service_address",
    help: "1 for each address that a Service was given",
    type: "gauge",
    labelNames: ["service", "ip"],
    samples: () => of().addresses.map(({ service, ip }) => ({ labels: { service, ip }, value: 1 })),
  });
  addSampled(registry, {
    name: "ferrolb_services_pending",
    help: "Services that wait for an address, by the reason that their event gives",
    type: "gauge",
    labelNames: ["reason"],
    samples: () =>
      [...counted(of().pending)].map(([reason, value]) => ({ labels: { reason }, value })),
  });
  addSampled(registry, {
    name: "ferrolb_nodes_without_speaker",
    help: "Nodes where no speaker is ready, by what keeps it away",
    type: "gauge",
    labelNames: ["reason"],
    samples: () => {
      const { without } = of();
      if (without === null) return [];
      const counts = counted(without.map(({ reason }) => reason));
      const reasons = new Set([...WITHOUT_REASONS, ...counts.keys()]);
      return [...reasons].map((reason) => ({
        labels: { reason },
        value: counts.get(reason) ?? 0,
      }));
    },
  });
  return (facts) => {
    known = facts;
  };
}

const total4 = (n: PoolNumbers): bigint => n.assignedIPv4 + n.availableIPv4;
const total6 = (n: PoolNumbers): bigint => n.assignedIPv6 + n.availableIPv6;

function counted(words: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}
