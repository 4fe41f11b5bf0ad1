import { expect } from "chai";
import { messageOf } from "../../src/allocator/messages.ts";
import { Controller, pool, reasonsOf, service, settle } from "./support.ts";
import type { Ask } from "./support.ts";

const P = [pool("p", "192.0.2.0/29")];
const key = (value: string, more: Ask = {}): Ask => ({
  ...more,
  annotations: { ...more.annotations, "metallb.io/allow-shared-ip": value },
});
const local = (app: string): Ask => ({ traffic: "Local", selector: { app } });
const at = (ask: Ask): Ask => ({ ...ask, request: "192.0.2.5" });

describe("sharing one address (behaviour reference 1.8)", () => {
  type Row = [given: string, first: Ask, second: Ask, shares: boolean, message: RegExp | null];
  const rows: Row[] = [
    [
      "Cluster and Cluster, same key, different ports",
      key("k"),
      key("k", { ports: [443] }),
      true,
      null,
    ],
    [
      "the legacy key on one of them",
      { annotations: { "metallb.universe.tf/allow-shared-ip": "k" } },
      key("k", { ports: [443] }),
      true,
      null,
    ],
    [
      "the same number over another protocol",
      key("k", { ports: ["TCP/53"] }),
      key("k", { ports: ["UDP/53"] }),
      true,
      null,
    ],
    [
      "Local and Local, equal selectors",
      key("k", local("a")),
      key("k", { ...local("a"), ports: [443] }),
      true,
      null,
    ],
    [
      "the same across namespaces",
      key("k", { ...local("a"), namespace: "one" }),
      key("k", { ...local("a"), namespace: "two", ports: [443] }),
      true,
      null,
    ],
    [
      "Cluster and Local without a selector",
      key("k"),
      key("k", { traffic: "Local", ports: [443] }),
      true,
      null,
    ],
    [
      "Local and Local, other selectors",
      key("k", local("a")),
      key("k", { ...local("b"), ports: [443] }),
      false,
      /externalTrafficPolicy or, under Local, the selector differs/,
    ],
    [
      "Cluster and Local with a selector",
      key("k"),
      key("k", { ...local("a"), ports: [443] }),
      false,
      /externalTrafficPolicy/,
    ],
    [
      "same key, same port",
      key("k"),
      key("k"),
      false,
      /port TCP\/80 is already used on it by "default\/a"/,
    ],
    [
      "same key, one port of several",
      key("k", { ports: [80, 443] }),
      key("k", { ports: [8080, 443] }),
      false,
      /port TCP\/443 is already used/,
    ],
    [
      "other keys",
      key("k"),
      key("other", { ports: [443] }),
      false,
      /sharing key "other" cannot be used, because the address is also used by "default\/a" with the key "k"/,
    ],
    [
      "no key on the second",
      key("k"),
      { ports: [443] },
      false,
      /used by "default\/a"; to share it, both need the same metallb.io\/allow-shared-ip/,
    ],
    [
      "no key on the first",
      {},
      key("k", { ports: [443] }),
      false,
      /used by "default\/a", which does not share it/,
    ],
    ["no key on either", {}, { ports: [443] }, false, /both need the same/],
    ["an empty key", key(""), key("", { ports: [443] }), false, /both need the same/],
  ];
  for (const [given, first, second, shares, message] of rows)
    it(`${given} -> ${shares ? "shared" : "refused"}`, () => {
      const { result } = settle(P, [service("a", at(first)), service("b", at(second))]);
      const [a, b] = [...result.outcomes.values()];
      expect(a!.ips).to.deep.equal(["192.0.2.5"]);
      expect(b!.ips).to.deep.equal(shares ? ["192.0.2.5"] : []);
      expect(result.counters.get("p")!.assignedIPv4).to.equal(1n);
      if (message !== null) expect(messageOf(b!.pending!)).to.match(message);
    });

  it("a Service with a key takes what comes first, a free address or a shareable one", () => {
    const seen = settle(P, [
      service("a", { ...key("k"), request: "192.0.2.1" }),
      service("b", key("k", { ports: [443] })),
      service("c", key("k", { ports: [8443] })),
    ]);
    expect(seen.ips).to.deep.equal({ a: "192.0.2.1", b: "192.0.2.0", c: "192.0.2.0" });
  });

  it("three on one address: a clash names the one that has the port", () => {
    const seen = settle(P, [
      service("a", at(key("k", { ports: [80] }))),
      service("b", at(key("k", { ports: [443] }))),
      service("c", at(key("k", { ports: [443] }))),
    ]);
    expect(seen.result.outcomes.get("default/c")!.pending).to.deep.equal({
      kind: "inUse",
      ip: "192.0.2.5",
      by: ["default/b"],
      conflict: { kind: "port", port: "TCP/443" },
    });
  });

  it("a key clash names all who use the address", () => {
    const seen = settle(P, [
      service("a", at(key("k", { ports: [80] }))),
      service("b", at(key("k", { ports: [443] }))),
      service("c", at(key("x", { ports: [1] }))),
    ]);
    expect(seen.events["c"]![0]!.message).to.contain('"default/a", "default/b"');
  });

  describe("changes of an assigned Service", () => {
    const changed = (before: [Ask, Ask], after: [Ask, Ask]) => {
      const names = ["a", "b"] as const;
      const first = settle(
        P,
        names.map((n, i) => service(n, before[i as 0 | 1])),
      );
      const shown = names.map((n, i) => ({
        ...service(n, after[i as 0 | 1]),
        status: first.services[i]!.status!,
      }));
      return { first, shown };
    };

    it("alone on its address, it may change its key in place", () => {
      const { shown } = changed([key("k"), {}], [key("x"), {}]);
      const seen = settle(P, shown);
      expect(seen.ips).to.deep.equal({ a: "192.0.2.0", b: "192.0.2.1" });
      expect(seen.events["a"]).to.equal(undefined);
    });

    it("sharing, a changed key moves it away from those who stay", () => {
      const both: [Ask, Ask] = [key("k"), key("k", { ports: [443] })];
      const { shown } = changed(both, [key("x"), key("k", { ports: [443] })]);
      const seen = settle(P, [shown[1]!, shown[0]!]);
      expect(Object.values(seen.ips).sort()).to.deep.equal(["192.0.2.0", "192.0.2.1"]);
    });

    it("both change to the same new key at once: nobody moves", () => {
      const { first, shown } = changed(
        [key("k"), key("k", { ports: [443] })],
        [key("x"), key("x", { ports: [443] })],
      );
      expect(settle(P, shown).ips).to.deep.equal(first.ips);
    });
  });

  it("who did not change keeps the address, even when the one that changed is older", () => {
    const controller = new Controller();
    const old = { created: "2020-01-01T00:00:00Z" };
    let world = [
      service("old", { ...old, ...at(key("k", { ports: [443] })) }),
      service("young", at(key("k", { ports: [80] }))),
    ];
    world = settle(P, world, {}, controller).services;
    const clash = service("old", { ...old, ...key("k", { ports: [80] }) });
    const seen = settle(P, [{ ...clash, status: world[0]!.status! }, world[1]!], {}, controller);
    expect(seen.ips).to.deep.equal({ young: "192.0.2.5", old: "192.0.2.0" });
    expect(reasonsOf(seen.events["old"])).to.deep.equal(["ClearAssignment", "IPAllocated"]);
    expect(seen.events["young"]).to.equal(undefined);
  });
});
