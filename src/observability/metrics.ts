/** Prometheus metrics of both daemons, with MetalLB's names and labels (behaviour reference 5.1), and ours. */
import { Counter, Gauge, Registry, collectDefaultMetrics } from "prom-client";
import { addSampled } from "./series.ts";

export interface DaemonMetrics {
  readonly registry: Registry;
  /** Passes over a snapshot. */
  readonly updates: Counter;
  readonly updateErrors: Counter;
  readonly configLoaded: Gauge;
  /** 1 while something of the newest configuration is not in force. */
  readonly configStale: Gauge;
  /** Replaces what is known of objects that do not act as written. */
  quarantined(objects: readonly Quarantined[]): void;
}

/** An object that does not act as written; `src/config` fits by shape. */
export interface Quarantined {
  readonly object: { readonly kind: string };
  readonly acting: string;
}

export function createDaemonMetrics(version = "unknown"): DaemonMetrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: "ferrolb_build_info",
    help: "1, labelled with the version and the runtime",
    labelNames: ["version", "runtime"],
    registers,
  }).set({ version, runtime: process.version }, 1);
  const quarantined = new Gauge({
    name: "ferrolb_quarantined_objects",
    help: "Objects that do not act as written, by kind and by how they act instead",
    labelNames: ["kind", "acting"],
    registers,
  });
  return {
    registry,
    updates: new Counter({
      name: "metallb_k8s_client_updates_total",
      help: "Number of passes over the objects",
      registers,
    }),
    updateErrors: new Counter({
      name: "metallb_k8s_client_update_errors_total",
      help: "Number of passes that failed",
      registers,
    }),
    configLoaded: new Gauge({
      name: "metallb_k8s_client_config_loaded_bool",
      help: "1 once a configuration was accepted",
      registers,
    }),
    configStale: new Gauge({
      name: "metallb_k8s_client_config_stale_bool",
      help: "1 while a part of the newest configuration is not in force",
      registers,
    }),
    quarantined(objects) {
      quarantined.reset();
      for (const { object, acting } of objects) quarantined.inc({ kind: object.kind, acting });
    },
  };
}

/** One series per announced address. */
export interface Announced {
  readonly service: string;
  readonly protocol: "bgp" | "layer2";
  readonly ip: string;
}

/** `metallb_speaker_announced`, read when it is scraped. */
export function addAnnouncedGauge(
  registry: Registry,
  node: string,
  announced: () => readonly Announced[],
): void {
  addSampled(registry, {
    name: "metallb_speaker_announced",
    help: "Addresses that this node announces, by service and protocol",
    type: "gauge",
    labelNames: ["service", "protocol", "node", "ip"],
    samples: () =>
      announced().map(({ service, protocol, ip }) => ({
        labels: { service, protocol, node, ip },
        value: 1,
      })),
  });
}
