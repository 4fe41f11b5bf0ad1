/**
 * What a change costs the speaker itself, without FRR and an API server: passes over a snapshot in memory.
 *
 *   node --import tsx bench/scale/pass.ts [--services 5000] [--nodes 1000] [--changes 50] [--layer2]
 *
 * Prints processor time for the first pass and per change, and the heap that lives afterwards.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { EndpointSlice, Node, Service } from "../../src/api/objects.ts";
import type { SentRoutes } from "../../src/api/sent-routes.ts";
import { sessionKey } from "../../src/api/sent-routes.ts";
import { runSpeaker } from "../../src/reconciler/speaker.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { memoryStore } from "../../test/reconciler/memory-store.ts";
import { keepHeapSmall } from "../../src/cli/heap.ts";
import { SILENT } from "../../test/support/silent-edges.ts";
import { WORLD, bgpPeer } from "../../test/support/speaking.ts";
import { NODE, addressOf, nodeName, serviceName } from "./world.ts";

const { values } = parseArgs({
  options: {
    services: { type: "string", default: "5000" },
    nodes: { type: "string", default: "1000" },
    changes: { type: "string", default: "50" },
    layer2: { type: "boolean", default: false },
  },
});
const [services, nodes, changes] = [values.services, values.nodes, values.changes].map(Number) as [
  number,
  number,
  number,
];
keepHeapSmall();

const service = (i: number): Service => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: serviceName(i), namespace: "default", uid: `${i}`, resourceVersion: "1" },
  spec: { type: "LoadBalancer", ports: [{ port: 80 }] },
  status: { loadBalancer: { ingress: [{ ip: addressOf(i) }] } },
});
const slice = (i: number): EndpointSlice => ({
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  metadata: {
    name: serviceName(i),
    namespace: "default",
    labels: { "kubernetes.io/service-name": serviceName(i) },
  },
  endpoints: [{ addresses: ["198.51.100.9"], nodeName: NODE }],
});
const node = (i: number): Node => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name: nodeName(i), labels: { "kubernetes.io/hostname": nodeName(i) } },
  status: { addresses: [{ type: "InternalIP", address: `192.0.2.${i % 256}` }] },
});
const list = <T>(count: number, make: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i));
const heapMb = (): string => {
  globalThis.gc?.();
  return (process.memoryUsage().heapUsed / 1e6).toFixed(1);
};

const store = memoryStore();
const nothing = (): void => undefined;
let applied = 0;
let prefixes: ReadonlySet<string> = new Set();
const sent = (): SentRoutes =>
  new Map([[sessionKey(null, "192.0.2.2"), { state: "Established", prefixes }]]);
const stop = new AbortController();
const before = heapMb();
const ended = runSpeaker(
  {
    store,
    frr: {
      apply(desired) {
        applied++;
        prefixes = new Set([...desired.text.matchAll(/^ +network (\S+)/gm)].map((m) => m[1]!));
        return Promise.resolve({ kind: "applied", commands: 1, durationMs: 1 });
      },
      sent: () => Promise.resolve(sent()),
      onDrift: () => nothing,
      close: () => Promise.resolve(),
    },
    clock: systemClock,
    log: { debug: nothing, info: nothing, warn: console.warn, error: console.error },
    state: null,
    ...SILENT,
  },
  {
    ...{ node: NODE, lbClass: "", excludePolicy: "honour", allocate: false },
    frrLogLevel: "informational",
  },
  stop.signal,
);

const cpuMs = (): number => process.cpuUsage().user / 1000;
const quiet = async (): Promise<void> => {
  for (let last = -1; last !== applied || cpuMs() - from > 100;) {
    last = applied;
    from = cpuMs();
    await sleep(1500);
  }
};
let from = cpuMs();
const began = cpuMs();
let world = {
  ...WORLD,
  nodes: list(nodes, node),
  services: list(services, service),
  endpointSlices: list(services, slice),
  pools: [
    {
      ...WORLD.pools![0]!,
      spec: { addresses: ["198.18.0.0/16"] },
    },
  ],
  l2Advertisements: [values.layer2].filter(Boolean).map(() => ({
    apiVersion: "metallb.io/v1beta1",
    kind: "L2Advertisement" as const,
    metadata: { name: "l2", namespace: "metallb-system" },
  })),
  bgpPeers: [bgpPeer("r", "192.0.2.2")],
};
const empty = heapMb();
store.set(world);
await quiet();
console.log(
  `${services} Services, ${nodes} nodes: first passes ${(cpuMs() - began).toFixed(0)} ms`,
);
console.log(
  `heap ${before} MB; with the objects ${empty} MB; with the passes' memory ${heapMb()} MB`,
);
const changed = cpuMs();
for (let n = 0; n < changes; n++) {
  const isEven = n % 2 === 0;
  world = {
    ...world,
    services: isEven ? [...world.services, service(services)] : world.services.slice(0, services),
    endpointSlices: isEven
      ? [...world.endpointSlices, slice(services)]
      : world.endpointSlices.slice(0, services),
  };
  const [startMs, appliedBefore] = [performance.now(), applied];
  store.set(world);
  while (applied === appliedBefore) await sleep(1);
  if (n < 4) console.log(`change ${n}: ${(performance.now() - startMs).toFixed(1)} ms to FRR`);
  await sleep(500);
}
console.log(`${((cpuMs() - changed) / changes).toFixed(1)} ms of processor per change`);
console.log(`heap ${heapMb()} MB, resident ${(process.memoryUsage().rss / 1e6).toFixed(1)} MB`);
stop.abort();
await ended;
