/** A pool without a spec is a mistake to name, not a reason to fall over. */
import { expect } from "chai";
import { emptySnapshot } from "../../src/api/snapshot.ts";
import type { Snapshot } from "../../src/api/snapshot.ts";
import { explainService } from "../../src/explain/service.ts";
import { statusOf } from "../../src/explain/status.ts";

describe("a pool without a spec", () => {
  const snapshot = {
    ...emptySnapshot("metallb-system"),
    pools: [
      {
        ...{ apiVersion: "metallb.io/v1beta1", kind: "IPAddressPool" },
        metadata: { name: "bare", namespace: "metallb-system" },
      },
    ],
    services: [
      {
        ...{ apiVersion: "v1", kind: "Service", metadata: { name: "web", namespace: "default" } },
        spec: { type: "LoadBalancer", loadBalancerIP: "203.0.113.1", ports: [{ port: 80 }] },
      },
    ],
  } as unknown as Snapshot;

  it("is named by explain as what keeps the Service from its address", () => {
    const { served, steps } = explainService(snapshot, "default/web");
    expect(served).to.equal(false);
    expect(steps.some((s) => s.verdict === "no")).to.equal(true);
  });
  it("is shown by status with its problem", () => {
    const [pool] = statusOf(snapshot).pools;
    expect(pool).to.include({ name: "bare" });
    expect(pool?.problem).to.be.a("string");
  });
});
