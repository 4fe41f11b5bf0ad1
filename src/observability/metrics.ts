/** Prometheus metrics, with MetalLB's names and labels (behaviour reference 5.1). */
import { Counter, Gauge, Registry, collectDefaultMetrics } from "prom-client";

export interface DaemonMetrics {
  readonly registry: Registry;
  /** Passes over a snapshot. */
  readonly updates: Counter;
  readonly updateErrors: Counter;
  readonly configLoaded: Gauge;
  /** 1 while something of the newest configuration is not in force. */
  readonly configStale: Gauge;
}

export function createDaemonMetrics(): DaemonMetrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
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
  new Gauge({
    name: "metallb_speaker_announced",
    help: "Addresses that this node announces, by service and protocol",
    labelNames: ["service", "protocol", "node", "ip"],
    registers: [registry],
    collect() {
      this.reset();
      for (const { service, protocol, ip } of announced())
        this.set({ service, protocol, node, ip }, 1);
    },
  });
}

export interface L2Counters {
  requestReceived(ip: string): void;
  responseSent(ip: string): void;
  gratuitousSent(ip: string, frames: number): void;
}

/** ARP and NDP, by address. */
export function createL2Counters(registry: Registry): L2Counters {
  const counter = (name: string, help: string) =>
    new Counter({ name, help, labelNames: ["ip"], registers: [registry] });
  const received = counter("metallb_layer2_requests_received", "Requests for announced addresses");
  const sent = counter("metallb_layer2_responses_sent", "Replies sent");
  const gratuitous = counter("metallb_layer2_gratuitous_sent", "Unsolicited frames sent");
  return {
    requestReceived: (ip) => received.inc({ ip }),
    responseSent: (ip) => sent.inc({ ip }),
    gratuitousSent: (ip, frames) => gratuitous.inc({ ip }, frames),
  };
}

/** The allocator's gauges, per pool. Replaced as a whole, so that a removed pool leaves no series. */
export function createPoolGauges(
  registry: Registry,
): (pools: ReadonlyMap<string, PoolNumbers>) => void {
  const gauge = (name: string, help: string) =>
    new Gauge({ name, help, labelNames: ["pool"], registers: [registry] });
  const total = gauge("metallb_allocator_addresses_total", "Usable addresses");
  const total4 = gauge("metallb_allocator_ipv4_addresses_total", "Usable IPv4 addresses");
  const total6 = gauge("metallb_allocator_ipv6_addresses_total", "Usable IPv6 addresses");
  const used = gauge("metallb_allocator_addresses_in_use_total", "Addresses in use");
  const used4 = gauge("metallb_allocator_ipv4_addresses_in_use_total", "IPv4 addresses in use");
  const used6 = gauge("metallb_allocator_ipv6_addresses_in_use_total", "IPv6 addresses in use");
  return (pools) => {
    for (const g of [total, total4, total6, used, used4, used6]) g.reset();
    for (const [pool, { assignedIPv4, assignedIPv6, availableIPv4, availableIPv6 }] of pools) {
      const [a4, a6] = [Number(assignedIPv4), Number(assignedIPv6)];
      const [f4, f6] = [Number(availableIPv4), Number(availableIPv6)];
      total.set({ pool }, a4 + a6 + f4 + f6);
      total4.set({ pool }, a4 + f4);
      total6.set({ pool }, a6 + f6);
      used.set({ pool }, a4 + a6);
      used4.set({ pool }, a4);
      used6.set({ pool }, a6);
    }
  };
}

interface PoolNumbers {
  readonly assignedIPv4: bigint;
  readonly assignedIPv6: bigint;
  readonly availableIPv4: bigint;
  readonly availableIPv6: bigint;
}
