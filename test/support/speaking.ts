/** A speaker with a store in memory and a real FRR behind the engine: objects in, what a router sees out. */
import type { EndpointSlice, Service } from "../../src/api/objects.ts";
import type { BGPPeer } from "../../src/api/resources.ts";
import type { Snapshot } from "../../src/api/snapshot.ts";
import type { FrrInstance } from "../../src/lab/frr-instance.ts";
import { runSpeaker } from "../../src/reconciler/speaker.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { memoryStore, type MemoryStore } from "../reconciler/memory-store.ts";
import { engineOn, type TestEngine } from "./engine.ts";
import { SILENT } from "./silent-edges.ts";

const NS = "metallb-system";
const at = (name: string, namespace = NS) => ({ name, namespace });

export const bgpPeer = (name: string, address: string, more: object = {}): BGPPeer => ({
  apiVersion: "metallb.io/v1beta2",
  kind: "BGPPeer",
  metadata: at(name),
  spec: { myASN: 64500, peerASN: 64501, peerAddress: address, connectTime: "1s", ...more },
});

/** The node `n1` with these labels. */
export const nodeWith = (labels: Record<string, string>): Pick<Snapshot, "nodes"> => ({
  nodes: [{ apiVersion: "v1", kind: "Node", metadata: { name: "n1", labels } }],
});

/** ConfigMap `bgpextras` with this text. */
export const extrasWith = (extras: string): Pick<Snapshot, "configMaps"> => ({
  configMaps: [
    { apiVersion: "v1", kind: "ConfigMap", metadata: at("bgpextras"), data: { extras } },
  ],
});

/** One Service per address, with an endpoint on `n1`. */
export const servicesAt = (
  ips: readonly string[],
): Pick<Snapshot, "services" | "endpointSlices"> => ({
  services: ips.map((ip, i): Service => ({
    apiVersion: "v1",
    kind: "Service",
    metadata: at(`s${i}`, "default"),
    spec: { type: "LoadBalancer", ports: [{ port: 80 }] },
    status: { loadBalancer: { ingress: [{ ip }] } },
  })),
  endpointSlices: ips.map((_, i): EndpointSlice => ({
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { ...at(`s${i}`, "default"), labels: { "kubernetes.io/service-name": `s${i}` } },
    endpoints: [{ addresses: ["198.51.100.9"], nodeName: "n1" }],
  })),
});

/** A pool of 203.0.113.0/24 and 2001:db8:10::/64, advertised to every peer. */
export const WORLD: Partial<Snapshot> = {
  ...nodeWith({}),
  pools: [
    {
      apiVersion: "metallb.io/v1beta1",
      kind: "IPAddressPool",
      metadata: at("p"),
      spec: { addresses: ["203.0.113.0/24", "2001:db8:10::/64"] },
    },
  ],
  bgpAdvertisements: [
    { apiVersion: "metallb.io/v1beta1", kind: "BGPAdvertisement", metadata: at("a") },
  ],
};

export interface Speaking {
  readonly store: MemoryStore;
  readonly engine: TestEngine;
  /** Text of everything logged: problems are in it. */
  logged(): string;
  /** The speaker stops; FRR goes on. */
  end(): Promise<void>;
}

export function speakOn(
  frr: Pick<FrrInstance, "vtyshPath" | "vtyDir" | "confFile">,
  world: Partial<Snapshot>,
): Speaking {
  const store = memoryStore();
  const engine = engineOn(frr, { timeoutMs: 20_000 });
  const lines: string[] = [];
  const write = (fields: object, message: string): void => {
    lines.push(`${message} ${JSON.stringify(fields)}`);
  };
  const stop = new AbortController();
  const ended = runSpeaker(
    {
      store,
      frr: engine,
      clock: systemClock,
      log: { debug: write, info: write, warn: write, error: write },
      state: null,
      ...SILENT,
    },
    {
      ...{ node: "n1", lbClass: "", excludePolicy: "honour", allocate: false },
      frrLogLevel: "informational",
    },
    stop.signal,
  );
  store.set(world);
  return {
    store,
    engine,
    logged: () => lines.join("\n"),
    async end() {
      stop.abort();
      await ended;
      await engine.close();
    },
  };
}

/** A router that takes what the node sends, and leaves the calling to it. */
export const listeningRouter = (...nodes: readonly string[]): string =>
  [
    "router bgp 64501",
    " bgp router-id 192.0.2.2",
    " no bgp ebgp-requires-policy",
    " no bgp default ipv4-unicast",
    ...nodes.flatMap((n) => [` neighbor ${n} remote-as 64500`, ` neighbor ${n} passive`]),
    ...["ipv4", "ipv6"].flatMap((family) => [
      ` address-family ${family} unicast`,
      ...nodes
        .filter((n) => n.includes(":") === (family === "ipv6"))
        .map((n) => `  neighbor ${n} activate`),
      " exit-address-family",
    ]),
    "exit",
    "",
  ].join("\n");
