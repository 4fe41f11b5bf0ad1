/** What FRR says of itself under MetalLB's names (behaviour reference 5.2), and how we work with it. */
import type { FrrNumbers, NeighborNumbers } from "../api/frr-numbers.ts";
import { Counter, Gauge, Histogram } from "prom-client";
import type { Registry } from "prom-client";
import { addSampled } from "./series.ts";
import type { Sample } from "./series.ts";

type BfdNumbers = FrrNumbers["bfd"][number];

type Row<T> = readonly [
  name: string,
  type: "gauge" | "counter",
  help: string,
  of: (one: T) => number,
];

const BGP: readonly Row<NeighborNumbers>[] = [
  [
    "session_up",
    "gauge",
    "1 while the session is Established",
    (n) => (n.state === "Established" ? 1 : 0),
  ],
  ["announced_prefixes_total", "gauge", "Prefixes sent, all families", (n) => n.sentPrefixes],
  ["opens_sent", "counter", "OPEN messages sent", (n) => n.opensSent],
  ["opens_received", "counter", "OPEN messages received", (n) => n.opensReceived],
  ["notifications_sent", "counter", "NOTIFICATION messages sent", (n) => n.notificationsSent],
  ["updates_total", "counter", "UPDATE messages sent", (n) => n.updatesSent],
  ["updates_total_received", "counter", "UPDATE messages received", (n) => n.updatesReceived],
  ["keepalives_sent", "counter", "KEEPALIVE messages sent", (n) => n.keepalivesSent],
  ["keepalives_received", "counter", "KEEPALIVE messages received", (n) => n.keepalivesReceived],
  ["route_refresh_sent", "counter", "ROUTE-REFRESH messages sent", (n) => n.routeRefreshesSent],
  ["total_sent", "counter", "Messages sent", (n) => n.totalSent],
  ["total_received", "counter", "Messages received", (n) => n.totalReceived],
];
const BFD: readonly Row<BfdNumbers>[] = [
  ["session_up", "gauge", "1 while the session is up", (n) => (n.isUp ? 1 : 0)],
  ["control_packet_input", "counter", "Control packets received", (n) => n.controlInput],
  ["control_packet_output", "counter", "Control packets sent", (n) => n.controlOutput],
  ["echo_packet_input", "counter", "Echo packets received", (n) => n.echoInput],
  ["echo_packet_output", "counter", "Echo packets sent", (n) => n.echoOutput],
  ["session_up_events", "counter", "Times that the session came up", (n) => n.upEvents],
  ["session_down_events", "counter", "Times that the session went down", (n) => n.downEvents],
  ["zebra_notifications", "counter", "Notifications to zebra", (n) => n.zebraNotifications],
];

const vrfLabel = (vrf: string | null): string => vrf ?? "default";

/** Prefixes that a neighbour should be sent. */
export interface WantedPrefixes {
  readonly key: string;
  readonly vrf: string | null;
  readonly prefixes: number;
}

/**
 * Metrics of FRR's own numbers. `latest` is what was read last and never waits: whoever serves the scrape
 * has it read before.
 */
export function addFrrGauges(
  registry: Registry,
  latest: () => FrrNumbers,
  wanted: () => readonly WantedPrefixes[],
): void {
  const peerOf = (n: NeighborNumbers) => ({
    peer: `${n.key}:${n.remotePort}`,
    vrf: vrfLabel(n.vrf),
  });
  const labelNames = ["peer", "vrf"];
  for (const [name, type, help, of] of BGP)
    addSampled(registry, {
      ...{ name: `metallb_bgp_${name}`, help, type, labelNames },
      samples: () => latest().neighbors.map((n): Sample => ({ labels: peerOf(n), value: of(n) })),
    });
  for (const [name, type, help, of] of BFD)
    addSampled(registry, {
      ...{ name: `metallb_bfd_${name}`, help, type, labelNames },
      samples: () =>
        latest().bfd.map((n) => ({ labels: { peer: n.peer, vrf: vrfLabel(n.vrf) }, value: of(n) })),
    });
  addSampled(registry, {
    name: "metallb_bgp_pending_prefixes_total",
    help: "Prefixes that should be sent and are not yet",
    type: "gauge",
    labelNames,
    samples: () => {
      const should = new Map(wanted().map((w) => [`${w.vrf ?? ""} ${w.key}`, w.prefixes]));
      return latest().neighbors.map((n) => ({
        labels: peerOf(n),
        value: Math.max(0, (should.get(`${n.vrf ?? ""} ${n.key}`) ?? 0) - n.sentPrefixes),
      }));
    },
  });
}

/** What the engine tells; `src/frr` fits by shape. */
export type FrrHappening =
  | { readonly kind: "applied"; readonly commands: number; readonly durationMs: number }
  | { readonly kind: "drift"; readonly cause: string }
  | { readonly kind: string };

/** Counts what the engine tells. */
export function createFrrMeter(registry: Registry): (event: FrrHappening) => void {
  const registers = [registry];
  const seconds = new Histogram({
    name: "ferrolb_frr_apply_seconds",
    help: "Time to give a change to FRR and read it back",
    buckets: [0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  const commands = new Histogram({
    name: "ferrolb_frr_apply_commands",
    help: "Lines of configuration in one change",
    buckets: [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500],
    registers,
  });
  const rollbacks = new Counter({
    name: "ferrolb_frr_rollbacks_total",
    help: "Changes that FRR refused a part of and that were taken back, by how that went",
    labelNames: ["result"],
    registers,
  });
  const drift = new Counter({
    name: "ferrolb_frr_drift_total",
    help: "Times that FRR was no longer as it was left, by what had happened",
    labelNames: ["cause"],
    registers,
  });
  const flag = (name: string, help: string) => new Gauge({ name, help, registers });
  const drifted = flag("ferrolb_frr_drifted", "1 while FRR is not as it was left");
  const reachable = flag(
    "ferrolb_frr_reachable",
    "0 while FRR, or a daemon that has lines to keep, cannot be reached",
  );
  const unwritten = flag("ferrolb_frr_conf_unwritten", "1 while frr.conf cannot be written");
  const mismatch = flag(
    "ferrolb_frr_version_mismatch",
    "1 when vtysh and the daemons are of different versions",
  );
  let partly = false;
  const reached = (): void => reachable.set(partly ? 0 : 1);
  reached();
  for (const cause of ["edited", "restarted", "returned"]) drift.inc({ cause }, 0);
  for (const result of ["restored", "unrestored"]) rollbacks.inc({ result }, 0);
  return (event) => {
    switch (event.kind) {
      case "applied":
        if (!("commands" in event)) return;
        seconds.observe(event.durationMs / 1000);
        commands.observe(event.commands);
        reached();
        return;
      case "refused":
        rollbacks.inc({ result: "restored" });
        return;
      case "unrestored": // told right after `refused`
        rollbacks.inc({ result: "unrestored" });
        return;
      case "drift":
        if ("cause" in event) drift.inc({ cause: event.cause });
        drifted.set(1);
        reached();
        return;
      case "healed":
        drifted.set(0);
        return;
      case "unreachable":
        reachable.set(0);
        return;
      case "partly-away":
      case "whole-again":
        partly = event.kind === "partly-away";
        reached();
        return;
      case "conf-unwritten":
      case "conf-written":
        unwritten.set(event.kind === "conf-unwritten" ? 1 : 0);
        return;
      case "version-mismatch":
        mismatch.set(1);
        return;
      default:
        return; // a kind that nobody counts
    }
  };
}
