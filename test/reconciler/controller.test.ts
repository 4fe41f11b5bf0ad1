import { expect } from "chai";
import type { IPAddressPool } from "../../src/api/resources.ts";
import { emptySnapshot } from "../../src/api/snapshot.ts";
import { runController } from "../../src/reconciler/controller.ts";
import type { ControllerOptions, StateFiles } from "../../src/reconciler/controller.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { service } from "../allocator/support.ts";
import { memoryStore } from "./memory-store.ts";
import type { MemoryStore } from "./memory-store.ts";

const pool = (
  name: string,
  addresses: string[],
  created = "2024-01-01T00:00:00Z",
): IPAddressPool => ({
  apiVersion: "metallb.io/v1beta1",
  kind: "IPAddressPool",
  metadata: { name, namespace: "metallb-system", creationTimestamp: created },
  spec: { addresses },
});

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let i = 0; i < 2000; i++) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`never: ${what}`);
}

/** A controller that runs while `use` does, and has stopped cleanly after. */
async function withController(
  store: MemoryStore,
  use: () => Promise<void>,
  options: Partial<ControllerOptions> = {},
  state: StateFiles | null = null,
): Promise<void> {
  const stop = new AbortController();
  const running = runController(
    { store, clock: systemClock, log: silent, state },
    { lbClass: "", retainS: 0, familySource: "clusterIPs", ...options },
    stop.signal,
  );
  try {
    await use();
  } finally {
    stop.abort();
    await running;
  }
}

function stateFiles(): StateFiles & { readonly texts: Map<string, string> } {
  const texts = new Map<string, string>();
  return {
    texts,
    read: (name) => Promise.resolve(texts.get(name) ?? null),
    write: (name, text) => {
      texts.set(name, text);
      return Promise.resolve();
    },
  };
}

const start = (services = [service("a"), service("b")]) =>
  memoryStore({ ...emptySnapshot(), pools: [pool("p", ["192.0.2.0/29"])], services });

describe("controller loop", () => {
  it("writes addresses, counters, events and its state, then nothing more", async () => {
    const store = start();
    await withController(store, async () => {
      await until("both have addresses", () => Object.values(store.ips()).every((ip) => ip !== ""));
      await until("counters", () => store.snapshot()!.pools[0]!.status?.assignedIPv4 === 2n);
      await until("report", () => store.reports.length === 1);
      const writes = store.writes.length;
      store.set({ nodes: [] });
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(store.writes.length).to.equal(writes);
    });
    expect(store.ips()).to.deep.equal({ "default/a": "192.0.2.0", "default/b": "192.0.2.1" });
    expect(store.writes.filter((w) => w.startsWith("default/"))).to.have.members([
      "default/a",
      "default/b",
    ]);
    expect(store.events.map((e) => [e.about.name, e.reason, e.source])).to.deep.equal([
      ["a", "IPAllocated", "metallb-controller"],
      ["b", "IPAllocated", "metallb-controller"],
    ]);
    expect(store.reports[0]!.status).to.deep.include({ result: "Valid", errorSummary: "" });
    expect(store.snapshot()!.pools[0]!.status).to.deep.equal({
      assignedIPv4: 2n,
      assignedIPv6: 0n,
      availableIPv4: 6n,
      availableIPv6: 0n,
    });
  });

  it("does nothing before the first load", async () => {
    const store = memoryStore();
    await withController(store, async () => {
      await new Promise((resolve) => setTimeout(resolve, 30));
      expect(store.writes).to.deep.equal([]);
      store.set({ pools: [pool("p", ["192.0.2.0/29"])], services: [service("a")] });
      await until("an address", () => store.ips()["default/a"] === "192.0.2.0");
    });
  });

  it("retries a refused write by itself, without holding up the others", async () => {
    const store = start();
    store.refused.add("default/a");
    await withController(store, async () => {
      await until("b is served", () => store.ips()["default/b"] === "192.0.2.1");
      await until(
        "a is tried again",
        () => store.writes.filter((w) => w === "default/a").length > 2,
      );
      expect(store.ips()["default/a"]).to.equal("");
      store.refused.clear();
      await until("a is served", () => store.ips()["default/a"] === "192.0.2.0");
    });
    expect(store.events.filter((e) => e.about.name === "a").length).to.equal(1);
  });

  it("gives a pending Service the address that becomes free, and says why it waited", async () => {
    const store = start([service("a"), service("b")]);
    store.set({ pools: [pool("p", ["192.0.2.0/32"])] });
    await withController(store, async () => {
      await until("a", () => store.ips()["default/a"] === "192.0.2.0");
      await until("told", () => store.events.some((e) => e.reason === "AllocationFailed"));
      store.set({ services: store.snapshot()!.services.filter((s) => s.metadata.name !== "a") });
      await until("b", () => store.ips()["default/b"] === "192.0.2.0");
    });
  });

  it("a restart changes nothing", async () => {
    const store = start();
    await withController(store, () =>
      until("served", () => Object.values(store.ips()).every((ip) => ip !== "")),
    );
    const before = store.ips();
    store.writes.length = 0;
    store.events.length = 0;
    await withController(store, () => until("report", () => store.reports.length === 1));
    expect(store.ips()).to.deep.equal(before);
    expect(store.writes.filter((w) => w.startsWith("default/"))).to.deep.equal([]);
    expect(store.events).to.deep.equal([]);
  });

  it("keeps a deleted Service's address for its name, over a restart", async () => {
    const state = stateFiles();
    const store = start([service("a"), service("b"), service("c")]);
    const [a, b, c] = store.snapshot()!.services;
    const retaining = { retainS: 600 };
    await withController(
      store,
      async () => {
        await until("served", () => Object.values(store.ips()).every((ip) => ip !== ""));
        store.set({ services: store.snapshot()!.services.filter((s) => s.metadata.name !== "a") });
        await until("kept", () =>
          (state.texts.get("controller-retained.json") ?? "").includes("default/a"),
        );
      },
      retaining,
      state,
    );
    expect([a, b, c].length).to.equal(3);
    await withController(
      store,
      async () => {
        store.set({ services: [...store.snapshot()!.services, service("d")] });
        await until("d", () => store.ips()["default/d"] === "192.0.2.3");
        store.set({ services: [...store.snapshot()!.services, service("a")] });
        await until("a", () => store.ips()["default/a"] === "192.0.2.0");
      },
      retaining,
      state,
    );
  });

  it("names a bad pool in its ConfigurationState, and leaves the addresses of that pool alone", async () => {
    const store = start([
      service("a", {
        ips: ["198.51.100.7"],
        annotations: { "metallb.io/ip-allocated-from-pool": "bad" },
      }),
      service("b"),
    ]);
    store.set({ pools: [pool("p", ["192.0.2.0/29"]), pool("bad", ["198.51.100.0/33"])] });
    await withController(store, async () => {
      await until("b", () => store.ips()["default/b"] === "192.0.2.0");
      await until("report", () => store.reports.length === 1);
    });
    expect(store.ips()["default/a"]).to.equal("198.51.100.7");
    expect(store.reports[0]!.status).to.include({ result: "Invalid" });
    expect(JSON.stringify(store.reports[0]!.status)).to.contain("IPAddressPool metallb-system/bad");
  });

  it("only looks at Services of its class", async () => {
    const store = start([service("a", { class: "example.org/x" }), service("b")]);
    await withController(store, () => until("a", () => store.ips()["default/a"] === "192.0.2.0"), {
      lbClass: "example.org/x",
    });
    expect(store.ips()["default/b"]).to.equal("");
  });
});
