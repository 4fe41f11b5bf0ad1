import { readFileSync } from "node:fs";
import { expect } from "chai";
import { Registry } from "prom-client";
import { createControllerMetrics } from "../../src/observability/controller-metrics.ts";
import { addFrrGauges, createFrrMeter } from "../../src/observability/frr-metrics.ts";
import type { NeighborNumbers } from "../../src/api/frr-numbers.ts";
import { createL2Counters } from "../../src/observability/layer2-metrics.ts";
import { addAnnouncedGauge, createDaemonMetrics } from "../../src/observability/metrics.ts";
import { SERIES_MOST, addSampled } from "../../src/observability/series.ts";
import { createWireTimes } from "../../src/observability/wire-times.ts";

/** Names of behaviour reference 5.1 and 5.2 with their type and labels. */
const METALLB: readonly [name: string, type: string, labels: readonly string[]][] = [
  ["metallb_k8s_client_updates_total", "counter", []],
  ["metallb_k8s_client_update_errors_total", "counter", []],
  ["metallb_k8s_client_config_loaded_bool", "gauge", []],
  ["metallb_k8s_client_config_stale_bool", "gauge", []],
  ["metallb_allocator_addresses_total", "gauge", ["pool"]],
  ["metallb_allocator_ipv4_addresses_total", "gauge", ["pool"]],
  ["metallb_allocator_ipv6_addresses_total", "gauge", ["pool"]],
  ["metallb_allocator_addresses_in_use_total", "gauge", ["pool"]],
  ["metallb_allocator_ipv4_addresses_in_use_total", "gauge", ["pool"]],
  ["metallb_allocator_ipv6_addresses_in_use_total", "gauge", ["pool"]],
  ["metallb_allocator_services_allocated_total", "gauge", ["pool"]],
  ["metallb_speaker_announced", "gauge", ["service", "protocol", "node", "ip"]],
  ["metallb_layer2_requests_received", "counter", ["ip"]],
  ["metallb_layer2_responses_sent", "counter", ["ip"]],
  ["metallb_layer2_gratuitous_sent", "counter", ["ip"]],
  ["metallb_bgp_session_up", "gauge", ["peer", "vrf"]],
  ["metallb_bgp_announced_prefixes_total", "gauge", ["peer", "vrf"]],
  ["metallb_bgp_pending_prefixes_total", "gauge", ["peer", "vrf"]],
  ["metallb_bgp_opens_sent", "counter", ["peer", "vrf"]],
  ["metallb_bgp_opens_received", "counter", ["peer", "vrf"]],
  ["metallb_bgp_notifications_sent", "counter", ["peer", "vrf"]],
  ["metallb_bgp_updates_total", "counter", ["peer", "vrf"]],
  ["metallb_bgp_updates_total_received", "counter", ["peer", "vrf"]],
  ["metallb_bgp_keepalives_sent", "counter", ["peer", "vrf"]],
  ["metallb_bgp_keepalives_received", "counter", ["peer", "vrf"]],
  ["metallb_bgp_route_refresh_sent", "counter", ["peer", "vrf"]],
  ["metallb_bgp_total_sent", "counter", ["peer", "vrf"]],
  ["metallb_bgp_total_received", "counter", ["peer", "vrf"]],
  ["metallb_bfd_session_up", "gauge", ["peer", "vrf"]],
  ["metallb_bfd_control_packet_input", "counter", ["peer", "vrf"]],
  ["metallb_bfd_control_packet_output", "counter", ["peer", "vrf"]],
  ["metallb_bfd_echo_packet_input", "counter", ["peer", "vrf"]],
  ["metallb_bfd_echo_packet_output", "counter", ["peer", "vrf"]],
  ["metallb_bfd_session_up_events", "counter", ["peer", "vrf"]],
  ["metallb_bfd_session_down_events", "counter", ["peer", "vrf"]],
  ["metallb_bfd_zebra_notifications", "counter", ["peer", "vrf"]],
];

/** Every metric that a daemon can have. */
function everything(): Registry {
  const { registry } = createDaemonMetrics("1");
  addAnnouncedGauge(registry, "n1", () => []);
  createL2Counters(registry);
  createWireTimes(registry, () => 0);
  addFrrGauges(
    registry,
    () => ({ neighbors: [], bfd: [] }),
    () => [],
  );
  createFrrMeter(registry);
  createControllerMetrics(registry);
  return registry;
}

const neighbor = (more: Partial<NeighborNumbers> = {}): NeighborNumbers => ({
  ...{ key: "192.0.2.1", vrf: null, state: "Established", remotePort: 179, sentPrefixes: 3 },
  ...{ opensSent: 1, opensReceived: 1, notificationsSent: 0, updatesSent: 4, updatesReceived: 2 },
  ...{ keepalivesSent: 9, keepalivesReceived: 8, routeRefreshesSent: 0 },
  ...{ totalSent: 14, totalReceived: 11 },
  ...more,
});
const bfd = {
  ...{ peer: "192.0.2.1", vrf: "red", isUp: true, controlInput: 1, controlOutput: 2, echoInput: 3 },
  ...{ echoOutput: 4, upEvents: 5, downEvents: 6, zebraNotifications: 7 },
};

const lines = async (registry: Registry, name: string): Promise<readonly string[]> =>
  (await registry.metrics())
    .split("\n")
    .filter((l) => l.startsWith(`${name}{`) || l.startsWith(`${name} `));

describe("metrics", () => {
  it("all of MetalLB's names, each with its type and labels", async () => {
    const { registry } = createDaemonMetrics("1");
    addAnnouncedGauge(registry, "n1", () => [
      { service: "default/web", protocol: "bgp", ip: "203.0.113.1" },
    ]);
    const l2 = createL2Counters(registry);
    l2.requestReceived("203.0.113.1");
    l2.responseSent("203.0.113.1");
    l2.gratuitousSent("203.0.113.1", 2);
    addFrrGauges(
      registry,
      () => ({ neighbors: [neighbor()], bfd: [bfd] }),
      () => [],
    );
    createControllerMetrics(registry)({
      pools: new Map([
        ["p", { assignedIPv4: 1n, assignedIPv6: 0n, availableIPv4: 3n, availableIPv6: 2n ** 70n }],
      ]),
      ...{ addresses: [], pending: [], without: null },
    });
    const all = await registry.getMetricsAsJSON();
    for (const [name, type, labels] of METALLB) {
      const found = all.find((m) => m.name === name);
      expect(found?.type, name).to.equal(type);
      const shown = Object.keys(found?.values[0]?.labels ?? {});
      if (name !== "metallb_allocator_services_allocated_total")
        expect(shown, name).to.have.members([...labels]);
    }
    expect(await lines(registry, "metallb_bgp_session_up")).to.deep.equal([
      'metallb_bgp_session_up{peer="192.0.2.1:179",vrf="default"} 1',
    ]);
    expect(await lines(registry, "metallb_bfd_session_up")).to.deep.equal([
      'metallb_bfd_session_up{peer="192.0.2.1",vrf="red"} 1',
    ]);
  });

  it("each is in docs/metrics.md, and nothing else is", async () => {
    const ours = (await everything().getMetricsAsJSON())
      .map((m) => m.name)
      .filter((name) => /^(metallb|ferrolb)_/.test(name));
    const documented = readFileSync("docs/metrics.md", "utf8").matchAll(
      /`((?:metallb|ferrolb)_\w+)`/g,
    );
    const names = new Set([...documented].map(([, name]) => name));
    names.delete("ferrolb_members"); // the speaker's wiring has it
    expect([...names].sort()).to.deep.equal([...ours].sort());
  });

  it("a session without a connection shows port -1, and what it should send is pending", async () => {
    const registry = new Registry();
    const down = neighbor({ state: "Active", remotePort: -1, sentPrefixes: 0 });
    addFrrGauges(
      registry,
      () => ({ neighbors: [down], bfd: [] }),
      () => [{ key: "192.0.2.1", vrf: null, prefixes: 5 }],
    );
    expect(await lines(registry, "metallb_bgp_pending_prefixes_total")).to.deep.equal([
      'metallb_bgp_pending_prefixes_total{peer="192.0.2.1:-1",vrf="default"} 5',
    ]);
  });

  it("a series goes with what it is about", async () => {
    const registry = new Registry();
    const l2 = createL2Counters(registry);
    l2.responseSent("203.0.113.1");
    l2.responseSent("203.0.113.2");
    l2.retain(new Set(["203.0.113.2"]));
    expect(await lines(registry, "metallb_layer2_responses_sent")).to.deep.equal([
      'metallb_layer2_responses_sent{ip="203.0.113.2"} 1',
    ]);
    const wire = createWireTimes(registry, () => 250);
    wire.expect([{ service: "default/web", ip: "203.0.113.2", sinceMs: 100 }], []);
    wire.frameSent("203.0.113.2", 250);
    wire.frameSent("203.0.113.2", 250);
    const last = "ferrolb_service_last_ready_to_wire_seconds";
    expect(await lines(registry, last)).to.deep.equal([
      `${last}{service="default/web",protocol="layer2"} 0.15`,
    ]);
    wire.retain(new Set());
    expect(await lines(registry, last)).to.have.length(1); // the pass that announces it may not be through
    wire.retain(new Set());
    expect(await lines(registry, last)).to.deep.equal([]);
    const count = await lines(registry, "ferrolb_endpoint_ready_to_wire_seconds_count");
    expect(count.join()).to.contain('protocol="layer2"} 1');
  });

  it("the gap of a takeover ends with the first frame", async () => {
    const registry = new Registry();
    const wire = createWireTimes(registry, () => 700);
    wire.expect([], [{ ip: "203.0.113.2", sinceMs: 200 }]);
    wire.frameSent("203.0.113.9", 700);
    wire.frameSent("203.0.113.2", 700);
    wire.frameSent("203.0.113.2", 700);
    expect(await lines(registry, "ferrolb_layer2_takeover_gap_seconds_sum")).to.deep.equal([
      "ferrolb_layer2_takeover_gap_seconds_sum 0.5",
    ]);
  });

  it("series beyond the bound are left out, and counted", async () => {
    const registry = new Registry();
    const samples = Array.from({ length: SERIES_MOST + 7 }, (_, i) => ({
      labels: { ip: String(i) },
      value: 1,
    }));
    addSampled(registry, {
      ...{ name: "many", help: "many", type: "gauge", labelNames: ["ip"] },
      samples: () => samples,
    });
    expect(await lines(registry, "many")).to.have.length(SERIES_MOST);
    expect(await lines(registry, "ferrolb_metrics_series_omitted")).to.deep.equal([
      'ferrolb_metrics_series_omitted{metric="many"} 7',
    ]);
  });

  it("a hostile name stays inside its label", async () => {
    const registry = new Registry();
    addAnnouncedGauge(registry, "n1", () => [
      { service: 'a/b"} 1\nmetallb_fake{x="', protocol: "bgp", ip: "203.0.113.1" },
    ]);
    const text = await registry.metrics();
    expect(text.split("\n").some((l) => l.startsWith("metallb_fake"))).to.equal(false);
  });

  it("counts what FRR's engine tells", async () => {
    const registry = new Registry();
    const tell = createFrrMeter(registry);
    tell({ kind: "applied", commands: 3, durationMs: 150 });
    tell({ kind: "unreachable" });
    tell({ kind: "drift", cause: "returned" });
    tell({ kind: "refused" });
    tell({ kind: "unrestored" });
    tell({ kind: "conf-unwritten" });
    const text = await registry.metrics();
    for (const line of [
      "ferrolb_frr_apply_commands_sum 3",
      "ferrolb_frr_apply_seconds_sum 0.15",
      'ferrolb_frr_drift_total{cause="returned"} 1',
      'ferrolb_frr_rollbacks_total{result="unrestored"} 1',
      "ferrolb_frr_drifted 1",
      "ferrolb_frr_reachable 1",
      "ferrolb_frr_conf_unwritten 1",
    ])
      expect(text.split("\n"), line).to.include(line);
    tell({ kind: "partly-away" });
    tell({ kind: "applied", commands: 1, durationMs: 50 }); // all but the lines of the one that is away
    expect(await lines(registry, "ferrolb_frr_reachable")).to.include("ferrolb_frr_reachable 0");
    tell({ kind: "whole-again" });
    expect(await lines(registry, "ferrolb_frr_reachable")).to.include("ferrolb_frr_reachable 1");
    tell({ kind: "healed" });
    tell({ kind: "conf-written" });
    expect(await lines(registry, "ferrolb_frr_drifted")).to.deep.equal(["ferrolb_frr_drifted 0"]);
  });

  it("the controller's numbers go when it no longer leads", async () => {
    const registry = new Registry();
    const show = createControllerMetrics(registry);
    const pools = new Map([
      ["p", { assignedIPv4: 1n, assignedIPv6: 0n, availableIPv4: 0n, availableIPv6: 0n }],
    ]);
    show({
      pools,
      addresses: [{ service: "default/web", ip: "203.0.113.1" }],
      pending: ["exhausted", "exhausted", "noPool"],
      without: [{ reason: "taint" }, { reason: "taint" }],
    });
    const without = "ferrolb_nodes_without_speaker";
    expect(await lines(registry, without)).to.have.members([
      `${without}{reason="noPod"} 0`,
      `${without}{reason="notReady"} 0`,
      `${without}{reason="taint"} 2`,
    ]);
    expect(await lines(registry, "ferrolb_services_pending")).to.have.members([
      'ferrolb_services_pending{reason="exhausted"} 2',
      'ferrolb_services_pending{reason="noPool"} 1',
    ]);
    show(null);
    const text = await registry.metrics();
    expect(text).not.to.match(/^(metallb_allocator|ferrolb_services|ferrolb_nodes)\w+\{/m);
  });
});
