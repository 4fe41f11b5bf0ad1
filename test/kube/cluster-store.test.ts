/** The Kubernetes store on a real kube-apiserver: the shared suite, and what only an API server can do to it. */
import { expect } from "chai";
import type { KubeObject, ObjectRef } from "../../src/api/objects.ts";
import type { Store } from "../../src/api/store.ts";
import { AppError } from "../../src/errors.ts";
import { loadKubeConfig } from "../../src/kube/access.ts";
import { kubeClient } from "../../src/kube/client.ts";
import { openClusterStore } from "../../src/kube/cluster-store.ts";
import { leadWhenElected } from "../../src/kube/lease.ts";
import { ensureMemberlistSecret } from "../../src/kube/secret.ts";
import type { ListName } from "../../src/kube/resources.ts";
import { parseIp } from "../../src/net/ip.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { NAMESPACE, applyCrds } from "../support/crds.ts";
import { KUBE_BUILD_MS, kubeBinaries, startKube } from "../support/kube.ts";
import type { Kube } from "../support/kube.ts";
import { describeStore } from "../support/store-suite.ts";
import { eventually } from "../support/wait.ts";

const LISTS: readonly ListName[] = [
  "pools",
  "l2Advertisements",
  "bgpAdvertisements",
  "bgpPeers",
  "bfdProfiles",
  "communities",
  "services",
  "endpointSlices",
  "nodes",
  "namespaces",
  "secrets",
  "configMaps",
  "pods",
];

let kube: Kube | null = null;
const running = (): Kube => kube ?? expect.fail("no API server");

before(async function () {
  this.timeout(KUBE_BUILD_MS);
  const bin = await kubeBinaries("kube-apiserver");
  if (bin === null) return;
  kube = await startKube(bin);
  await applyCrds(kube);
});
after(async function () {
  this.timeout(30_000);
  await kube?.stop();
});
beforeEach(function () {
  if (kube === null) this.skip(); // kube-apiserver could not be built: no Go
});

const silent = { info: () => undefined, warn: () => undefined };
const open = (over: { lists?: readonly ListName[]; blind?: readonly ListName[] } = {}): Store =>
  openClusterStore({
    client: kubeClient(loadKubeConfig(running().kubeconfig)),
    namespace: NAMESPACE,
    lists: over.lists ?? LISTS,
    ...(over.blind && { blind: over.blind }),
    pod: null,
    instance: "test",
    clock: systemClock,
    random: Math.random,
    log: silent,
  });

const PATHS: Readonly<Record<string, (ns: string) => string>> = {
  Service: (ns) => `/api/v1/namespaces/${ns}/services`,
  Node: () => "/api/v1/nodes",
  IPAddressPool: () => `/apis/metallb.io/v1beta1/namespaces/${NAMESPACE}/ipaddresspools`,
};
const pathOf = ({ kind, namespace, name }: ObjectRef): string =>
  `${PATHS[kind]?.(namespace) ?? ""}/${name}`;

async function put(object: KubeObject): Promise<void> {
  const { name, namespace = "" } = object.metadata;
  const path = `${pathOf({ kind: object.kind, namespace, name })}?fieldManager=person&force=true`;
  const { status, body } = await running().request("PATCH", path, object, {
    "content-type": "application/apply-patch+yaml",
  });
  expect(status, JSON.stringify(body)).to.be.lessThan(300);
}
const remove = async (ref: ObjectRef): Promise<void> => {
  await running().request("DELETE", pathOf(ref));
};

describe("kube", function () {
  this.timeout(60_000);

  describeStore("The API server", () => {
    const store = open();
    return Promise.resolve({
      store,
      openAnother: () => Promise.resolve(open()),
      put,
      remove,
      report: async (kind, labels) => {
        const plural = kind === "ServiceBGPStatus" ? "servicebgpstatuses" : "servicel2statuses";
        const selector = Object.entries(labels)
          .map(([k, v]) => `${k}=${v}`)
          .join();
        const path = `/apis/metallb.io/v1beta1/namespaces/${NAMESPACE}/${plural}?labelSelector=${encodeURIComponent(selector)}`;
        const { body } = await running().request("GET", path);
        const [first] = (body as { items: readonly { status?: unknown }[] }).items;
        return first === undefined ? null : first;
      },
      close: async () => {
        await store.close();
        const { body } = await running().request("GET", "/api/v1/namespaces/default/services");
        for (const item of (body as { items: readonly KubeObject[] }).items)
          await remove({ kind: "Service", namespace: "default", name: item.metadata.name });
      },
    });
  });

  it("writes pool counters beyond 2^53 with every digit", async () => {
    const store = open({ lists: ["pools"] });
    try {
      await put({
        apiVersion: "metallb.io/v1beta1",
        kind: "IPAddressPool",
        metadata: { name: "wide", namespace: NAMESPACE },
        spec: { addresses: ["2001:db8::/65"] },
      } as KubeObject);
      await eventually("the pool", () => store.snapshot()?.pools.length === 1);
      const counters = {
        assignedIPv4: 0n,
        assignedIPv6: 1n,
        availableIPv4: 0n,
        availableIPv6: 2n ** 63n - 1n,
      };
      await store.writePoolStatus("wide", counters);
      const client = kubeClient(loadKubeConfig(running().kubeconfig));
      const { body } = await running().request(
        "GET",
        pathOf({ kind: "IPAddressPool", namespace: "", name: "wide" }),
      );
      client.close();
      expect(JSON.stringify(body)).to.match(
        /"availableIPv6":9223372036854775807|"availableIPv6":9223372036854776000/,
      );
    } finally {
      await store.close();
    }
  });

  it("takes the counters of a pool for no change where nobody reads them", async () => {
    const small = (addresses: string) =>
      ({
        apiVersion: "metallb.io/v1beta1",
        kind: "IPAddressPool",
        metadata: { name: "small", namespace: NAMESPACE },
        spec: { addresses: [addresses] },
      }) as KubeObject;
    await put(small("192.0.2.0/24"));
    const [seeing, blind] = [
      open({ lists: ["pools"] }),
      open({ lists: ["pools"], blind: ["pools"] }),
    ];
    const poolIn = (store: Store) =>
      store.snapshot()?.pools.find((p) => p.metadata.name === "small");
    try {
      const before = await eventually("the pool", () => poolIn(blind));
      const counters = { assignedIPv6: 0n, availableIPv4: 1n, availableIPv6: 0n };
      await seeing.writePoolStatus("small", { ...counters, assignedIPv4: 255n });
      await eventually("the counters", () => poolIn(seeing)?.status?.assignedIPv4 === 255);
      // A watch is in order: what comes with the next change was there before it.
      let changes = 0;
      blind.onChange(() => changes++);
      await put({ ...small("192.0.2.0/24"), metadata: { name: "other", namespace: NAMESPACE } });
      await eventually("another pool", () =>
        blind.snapshot()?.pools.some((p) => p.metadata.name === "other"),
      );
      expect(poolIn(blind)).to.equal(before);
      expect(before.status).to.equal(undefined);
      expect(changes).to.equal(1);
    } finally {
      await seeing.close();
      await blind.close();
    }
  });

  it("refuses to write over a Service that somebody else has changed", async () => {
    const service = (label: string) =>
      ({
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "contested", namespace: "default", labels: { label } },
        spec: { type: "LoadBalancer", ports: [{ port: 80, protocol: "TCP" }] },
      }) as KubeObject;
    await put(service("one"));
    const store = open({ lists: ["services"] });
    try {
      await eventually("the Service", () =>
        store.snapshot()?.services.some((s) => s.metadata.name === "contested"),
      );
      const change = put(service("two"));
      const write = store
        .writeServiceStatus("default/contested", { ips: [parseIp("192.0.2.9")], pool: "p" })
        .then(
          () => "written",
          (error: unknown) => (error instanceof AppError ? error.code : "other"),
        );
      await change;
      expect(await write).to.be.oneOf(["written", "ERR_KUBE_CONFLICT"]);
      // Level-triggered: looking again and writing again settles it.
      await eventually("written in the end", async () => {
        try {
          await store.writeServiceStatus("default/contested", {
            ips: [parseIp("192.0.2.9")],
            pool: "p",
          });
          return true;
        } catch {
          return false;
        }
      });
    } finally {
      await store.close();
      await remove({ kind: "Service", namespace: "default", name: "contested" });
    }
  });

  it("makes the memberlist Secret once", async () => {
    const client = kubeClient(loadKubeConfig(running().kubeconfig));
    const options = { namespace: NAMESPACE, name: "memberlist", deployment: "" };
    const made = await Promise.all([1, 2, 3].map(() => ensureMemberlistSecret(client, options)));
    expect(made.filter(Boolean)).to.deep.equal([true]);
    const { body } = await running().request(
      "GET",
      `/api/v1/namespaces/${NAMESPACE}/secrets/memberlist`,
    );
    const key = Buffer.from(
      (body as { data: { secretkey: string } }).data.secretkey,
      "base64",
    ).toString();
    expect(key).to.match(/^[A-Za-z0-9+/]{22}$/);
    client.close();
  });

  it("counts equal events on one object", async () => {
    const store = open({ lists: ["services"] });
    const event = {
      about: { kind: "Service", namespace: "default", name: "eventful" },
      type: "Warning" as const,
      reason: "AllocationFailed",
      message: "no available IPs",
      source: "metallb-controller",
    };
    for (let i = 0; i < 3; i++) store.recordEvent(event);
    await store.close();
    const { body } = await running().request(
      "GET",
      "/api/v1/namespaces/default/events?fieldSelector=involvedObject.name%3Deventful",
    );
    const items = (body as { items: readonly { count: number; reason: string }[] }).items;
    expect(items.map((e) => [e.reason, e.count])).to.deep.equal([["AllocationFailed", 3]]);
  });

  it("has one leader at a time, and the next one when it goes", async () => {
    const leaders: string[] = [];
    let atOnce = 0;
    let most = 0;
    const contend = (identity: string) => {
      const stop = new AbortController();
      const done = leadWhenElected(
        {
          client: kubeClient(loadKubeConfig(running().kubeconfig)),
          namespace: NAMESPACE,
          name: "ferrolb-controller",
          identity,
          clock: systemClock,
          durationMs: 1500,
          renewDeadlineMs: 1000,
          retryMs: 200,
        },
        async (signal) => {
          leaders.push(identity);
          most = Math.max(most, ++atOnce);
          await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
          atOnce--;
        },
        stop.signal,
      );
      return { stop: () => stop.abort(), done };
    };
    const contenders = new Map(["a", "b", "c"].map((id) => [id, contend(id)]));
    await eventually("a leader", () => leaders.length === 1);
    for (let round = 2; round <= 3; round++) {
      const leader = contenders.get(leaders.at(-1)!)!;
      leader.stop();
      await leader.done;
      await eventually("the next leader", () => leaders.length === round);
    }
    for (const { stop, done } of contenders.values()) {
      stop();
      await done;
    }
    expect(most).to.equal(1);
    expect(new Set(leaders).size).to.equal(3);
  });
});
