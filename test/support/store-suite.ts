/** What every store does, whatever is behind it: run by each adapter's own test with a harness of its own. */
import { expect } from "chai";
import type { KubeObject, ObjectRef, Service } from "../../src/api/objects.ts";
import type { Store } from "../../src/api/store.ts";
import { parseIp } from "../../src/net/ip.ts";
import { eventually as until } from "./wait.ts";

export interface StoreHarness {
  readonly store: Store;
  /** Another process on the same world. */
  openAnother(): Promise<Store>;
  /** Creates or replaces, as a person would. */
  put(object: KubeObject): Promise<void>;
  remove(ref: ObjectRef): Promise<void>;
  /** The status object of a kind that carries these labels, as people would see it; null when there is none. */
  report(kind: string, labels: Readonly<Record<string, string>>): Promise<unknown>;
  close(): Promise<void>;
}

const service = (name: string, labels: Record<string, string> = {}): Service => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name, namespace: "default", labels },
  spec: { type: "LoadBalancer", ports: [{ port: 80, protocol: "TCP" }] },
});

const ref = (name: string): ObjectRef => ({ kind: "Service", namespace: "default", name });

export function describeStore(name: string, open: () => Promise<StoreHarness>): void {
  describe(`${name} is a store`, () => {
    let world: StoreHarness;
    const named = (store: Store, n: string): Service | undefined =>
      store.snapshot()?.services.find((s) => s.metadata.name === n);
    const ips = (store: Store, n: string) =>
      (named(store, n)?.status?.loadBalancer?.ingress ?? []).map((i) => i.ip);

    beforeEach(async () => {
      world = await open();
      await world.put(service("first"));
      await until("the first load", () => world.store.snapshot() !== null);
      await until("the first Service", () => named(world.store, "first") !== undefined);
    });
    afterEach(() => world.close());

    it("shows what is created, changed and removed, and says so each time", async () => {
      let told = 0;
      const stop = world.store.onChange(() => told++);
      await world.put(service("second"));
      await until("creation", () => named(world.store, "second") !== undefined);
      expect(told).to.be.greaterThan(0);
      await world.put(service("second", { tier: "gold" }));
      await until(
        "change",
        () => named(world.store, "second")?.metadata.labels?.["tier"] === "gold",
      );
      await world.remove(ref("second"));
      await until("removal", () => named(world.store, "second") === undefined);
      stop();
      expect(named(world.store, "first")).not.to.equal(undefined);
    });

    it("keeps the identity of what did not change", async () => {
      const before = world.store.snapshot();
      const first = named(world.store, "first");
      expect(world.store.snapshot()).to.equal(before);
      await world.put(service("second"));
      await until("creation", () => named(world.store, "second") !== undefined);
      expect(named(world.store, "first")).to.equal(first);
      expect(world.store.snapshot()?.nodes).to.equal(before?.nodes);
    });

    it("writes addresses and pool of a Service in one step, seen here and by others", async () => {
      const other = await world.openAnother();
      try {
        await until("the other's first load", () => named(other, "first") !== undefined);
        const two = [parseIp("192.0.2.7"), parseIp("2001:db8::7")];
        await world.store.writeServiceStatus("default/first", { ips: two, pool: "public" });
        for (const store of [world.store, other]) {
          await until("the addresses", () => ips(store, "first").length === 2);
          expect(ips(store, "first")).to.deep.equal(two);
          expect(named(store, "first")?.metadata.annotations).to.include({
            "metallb.io/ip-allocated-from-pool": "public",
          });
        }
        await world.store.writeServiceStatus("default/first", { ips: [], pool: null });
        for (const store of [world.store, other]) {
          await until("no address", () => ips(store, "first").length === 0);
          expect(named(store, "first")?.metadata.annotations ?? {}).not.to.have.property(
            "metallb.io/ip-allocated-from-pool",
          );
        }
      } finally {
        await other.close();
      }
    });

    it("keeps the status through a change of the spec", async () => {
      await world.store.writeServiceStatus("default/first", {
        ips: [parseIp("192.0.2.7")],
        pool: "public",
      });
      await world.put(service("first", { tier: "gold" }));
      await until(
        "change",
        () => named(world.store, "first")?.metadata.labels?.["tier"] === "gold",
      );
      expect(ips(world.store, "first")).to.deep.equal(["192.0.2.7"]);
    });

    it("brings status objects to exactly the given set, per owner", async () => {
      const report = (serviceName: string, node: string) => ({
        apiVersion: "metallb.io/v1beta1",
        kind: "ServiceBGPStatus",
        namePrefix: "bgp-",
        labels: {
          "metallb.io/node": node,
          "metallb.io/service-name": serviceName,
          "metallb.io/service-namespace": "default",
        },
        status: { node, serviceName, serviceNamespace: "default", peers: ["r1"] },
      });
      const [a, b, c] = [report("a", "n1"), report("b", "n1"), report("a", "n2")];
      await world.store.writeReports("n1", [a, b]);
      await world.store.writeReports("n2", [c]);
      for (const one of [a, b, c])
        expect(await world.report(one.kind, one.labels)).to.deep.include({ status: one.status });
      await world.store.writeReports("n1", [b]);
      expect(await world.report(a.kind, a.labels)).to.equal(null);
      expect(await world.report(b.kind, b.labels)).not.to.equal(null);
      expect(await world.report(c.kind, c.labels)).not.to.equal(null);
    });

    it("takes any event without a throw", () => {
      const event = {
        about: ref("first"),
        type: "Normal" as const,
        reason: "IPAllocated",
        message: 'Assigned IP ["192.0.2.7"]',
        source: "metallb-controller",
      };
      for (let i = 0; i < 3; i++) world.store.recordEvent(event);
      world.store.recordEvent({ ...event, about: ref("nobody"), type: "Warning" });
    });
  });
}
