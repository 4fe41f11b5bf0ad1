/** Short ways to say a pool, a Service, and "run the controller until nothing changes". */
import type { Service } from "../../src/api/objects.ts";
import type { Pool, ServiceAllocation } from "../../src/config/config.ts";
import { POOL_OUT_ANNOTATION } from "../../src/allocator/annotations.ts";
import { PassMemo } from "../../src/allocator/memo.ts";
import { allocatePass } from "../../src/allocator/pass.ts";
import type { PassInput, PassResult } from "../../src/allocator/pass.ts";
import type { AllocationEvent } from "../../src/allocator/events.ts";
import { parsePrefix } from "../../src/net/prefix.ts";
import { parseRange } from "../../src/net/range.ts";

export const cidrsOf = (addresses: readonly string[]) =>
  addresses.flatMap((a) => (a.includes("/") ? [parsePrefix(a)] : parseRange(a)));

export function pool(
  name: string,
  addresses: string | readonly string[],
  more: Partial<Pool> = {},
): Pool {
  return {
    name,
    cidrs: cidrsOf(typeof addresses === "string" ? [addresses] : addresses),
    autoAssign: true,
    avoidBuggyIPs: false,
    serviceAllocation: null,
    reserved: [],
    draining: false,
    retainS: null,
    bgpAdvertisements: [],
    l2Advertisements: [],
    ...more,
  };
}

export const allocation = (more: Partial<ServiceAllocation>): ServiceAllocation => ({
  priority: 0,
  namespaces: [],
  namespacesRestricted: more.namespaces !== undefined,
  serviceSelectors: [],
  ...more,
});

export interface Ask {
  readonly namespace?: string;
  readonly created?: string;
  readonly labels?: Record<string, string>;
  readonly annotations?: Record<string, string>;
  readonly type?: string;
  readonly class?: string;
  /** Default: one IPv4 cluster IP. */
  readonly clusterIPs?: readonly string[];
  readonly policy?: string;
  readonly families?: readonly string[];
  readonly request?: string;
  readonly ports?: readonly (number | string)[];
  readonly traffic?: string;
  readonly selector?: Record<string, string>;
  readonly ips?: readonly string[];
  readonly ingress?: readonly Record<string, unknown>[];
}

/** `ports` as 80 or "UDP/53". */
export function service(name: string, ask: Ask = {}): Service {
  const ports = (ask.ports ?? [80]).map((p) => {
    const [protocol = "TCP", port] = typeof p === "number" ? ["TCP", p] : p.split("/");
    return { protocol, port: Number(port) };
  });
  const ingress = ask.ingress ?? ask.ips?.map((ip) => ({ ip }));
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      name,
      namespace: ask.namespace ?? "default",
      creationTimestamp: ask.created ?? "2024-01-01T00:00:00Z",
      labels: ask.labels ?? {},
      annotations: ask.annotations ?? {},
    },
    spec: {
      type: ask.type ?? "LoadBalancer",
      clusterIPs: ask.clusterIPs ?? ["10.96.0.1"],
      ports,
      ...(ask.class === undefined ? {} : { loadBalancerClass: ask.class }),
      ...(ask.policy === undefined ? {} : { ipFamilyPolicy: ask.policy }),
      ...(ask.families === undefined ? {} : { ipFamilies: ask.families }),
      ...(ask.request === undefined ? {} : { loadBalancerIP: ask.request }),
      ...(ask.traffic === undefined ? {} : { externalTrafficPolicy: ask.traffic }),
      ...(ask.selector === undefined ? {} : { selector: ask.selector }),
    },
    ...(ingress === undefined ? {} : { status: { loadBalancer: { ingress } } }),
  };
}

export const V4 = ["10.96.0.1"];
export const V6 = ["fd00:96::1"];
export const DUAL = ["10.96.0.1", "fd00:96::1"];

export const input = (
  pools: readonly Pool[],
  services: readonly Service[],
  more: Partial<PassInput> = {},
): PassInput => ({
  pools,
  leftOut: new Set(),
  services,
  lbClass: "",
  familySource: "clusterIPs",
  previous: new Map(),
  retained: [],
  retainS: 0,
  nowMs: 0,
  ...more,
});

/** The Services as the API server would show them after the writes. */
export function applied(services: readonly Service[], result: PassResult): Service[] {
  const writes = new Map(result.writes.map((w) => [w.key, w]));
  return services.map((s) => {
    const write = writes.get(`${s.metadata.namespace ?? "default"}/${s.metadata.name}`);
    if (write === undefined) return s;
    const others = Object.entries(s.metadata.annotations ?? {}).filter(
      ([key]) => key !== POOL_OUT_ANNOTATION,
    );
    const mark = write.pool === null ? [] : [[POOL_OUT_ANNOTATION, write.pool] as const];
    const annotations = Object.fromEntries([...others, ...mark]);
    return {
      ...s,
      metadata: { ...s.metadata, annotations },
      status: { loadBalancer: { ingress: write.ips.map((ip) => ({ ip })) } },
    };
  });
}

/** A controller that lives on: every step hands in the world and gets it back after the writes. */
export class Controller {
  readonly #memo = new PassMemo();
  readonly #more: Partial<PassInput>;
  last: PassResult | null = null;
  nowMs = 0;
  constructor(more: Partial<PassInput> = {}) {
    this.#more = more;
  }
  /** One pass and its writes. */
  step(pools: readonly Pool[], services: readonly Service[]): Service[] {
    const previous = this.last?.outcomes ?? new Map();
    const retained = this.last?.retained ?? [];
    const given = { ...this.#more, previous, retained, nowMs: this.nowMs };
    this.last = allocatePass(input(pools, services, given), this.#memo);
    return applied(services, this.last);
  }
}

export interface Seen {
  /** `ns/name` without `default/`: addresses, or "" for none. */
  readonly ips: Record<string, string>;
  readonly pools: Record<string, string | null>;
  readonly events: Record<string, AllocationEvent[]>;
  readonly services: Service[];
  readonly result: PassResult;
}

/** Passes until one writes nothing (two at most), as `ferrolb allocate` does. */
export function settle(
  pools: readonly Pool[],
  services: readonly Service[],
  more: Partial<PassInput> = {},
  controller = new Controller(more),
): Seen {
  const events: Record<string, AllocationEvent[]> = {};
  let world = [...services];
  for (let passes = 0; ; passes++) {
    world = controller.step(pools, world);
    for (const { key, event } of controller.last!.news) (events[short(key)] ??= []).push(event);
    if (controller.last!.writes.length === 0) break;
    if (passes > 3) throw new Error("the passes do not settle");
  }
  const outcomes = [...controller.last!.outcomes.values()];
  return {
    ips: Object.fromEntries(outcomes.map((o) => [short(o.key), o.ips.join(",")])),
    pools: Object.fromEntries(outcomes.map((o) => [short(o.key), o.pool])),
    events,
    services: world,
    result: controller.last!,
  };
}

const short = (key: string): string => key.replace(/^default\//, "");

export const reasonsOf = (events: readonly AllocationEvent[] | undefined): string[] =>
  (events ?? []).map((e) => e.reason);
