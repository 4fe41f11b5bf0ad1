/** One node, and no speaker on it: the controller, `explain` and a real API server (its DaemonSet's part is played). */
import type { ChildProcess } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { startProgram, stopProgram } from "../../src/lab/programs.ts";
import { FERROLB, ensureBundle, ferrolb } from "../support/bundle.ts";
import { NAMESPACE, post } from "../support/crds.ts";
import type { Kube } from "../support/kube.ts";
import { kubeFor } from "../support/kube-test.ts";
import { eventually } from "../support/wait.ts";

const TAINT = { key: "node-role.kubernetes.io/control-plane", effect: "NoSchedule" };
const SERVICES = "/api/v1/namespaces/default/services";
const PODS = `/api/v1/namespaces/${NAMESPACE}/pods`;
const METALLB = `/apis/metallb.io/v1beta1/namespaces/${NAMESPACE}`;
const LIMIT_MS = 60_000;

interface ServiceNow {
  readonly status: {
    readonly loadBalancer: { readonly ingress?: readonly { readonly ip: string }[] };
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason: string;
      readonly message: string;
    }[];
  };
}

describe("a single node whose speaker is kept away", function () {
  this.timeout(180_000);
  let kube: Kube | null = null;
  let controller: ChildProcess | null = null;
  const running = (): Kube => kube ?? expect.fail("no API server");
  const get = async <T>(path: string): Promise<T> =>
    (await running().request("GET", path)).body as T;
  const patch = (path: string, body: object) =>
    running().request("PATCH", path, body, { "content-type": "application/merge-patch+json" });
  const conditions = async () => (await get<ServiceNow>(`${SERVICES}/web`)).status.conditions ?? [];
  const events = async () =>
    (
      await get<{ items: { reason: string; message: string; involvedObject: { kind: string } }[] }>(
        "/api/v1/namespaces/default/events",
      )
    ).items.filter((e) => e.reason === "noLiveSpeaker" && e.involvedObject.kind === "Service");
  const explain = () =>
    ferrolb(["explain", "service", "default/web", "--kubeconfig", running().kubeconfig]);
  const speakerLives = async () => {
    await post(running(), PODS, {
      ...{ apiVersion: "v1", kind: "Pod" },
      metadata: { name: "speaker-n1", namespace: NAMESPACE, labels: { component: "speaker" } },
      spec: { nodeName: "n1", containers: [{ name: "speaker", image: "ferrolb/speaker" }] },
    });
    const ready = [{ type: "Ready", status: "True" }];
    await patch(`${PODS}/speaker-n1/status`, { status: { phase: "Running", conditions: ready } });
  };

  before(async function () {
    kube = await kubeFor(this);
    await ensureBundle();
    await post(kube, "/api/v1/nodes", {
      ...{ apiVersion: "v1", kind: "Node", metadata: { name: "n1" } },
      spec: { taints: [TAINT] },
    });
    await post(kube, `/api/v1/namespaces/${NAMESPACE}/serviceaccounts`, {
      ...{ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default" } },
    });
    const metallb = { apiVersion: "metallb.io/v1beta1" };
    await post(kube, `${METALLB}/ipaddresspools`, {
      ...{ ...metallb, kind: "IPAddressPool", metadata: { name: "pool" } },
      spec: { addresses: ["203.0.113.10-203.0.113.20"] },
    });
    await post(kube, `${METALLB}/l2advertisements`, {
      ...{ ...metallb, kind: "L2Advertisement", metadata: { name: "l2" } },
      spec: {},
    });
    await post(kube, SERVICES, {
      ...{ apiVersion: "v1", kind: "Service", metadata: { name: "web" } },
      spec: { type: "LoadBalancer", ports: [{ port: 80 }] },
    });
    await post(kube, "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", {
      ...{ apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", addressType: "IPv4" },
      metadata: { name: "web", labels: { "kubernetes.io/service-name": "web" } },
      endpoints: [{ addresses: ["192.0.2.50"], nodeName: "n1", conditions: { ready: true } }],
    });
    controller = startProgram(join(kube.dir, "controller.log"), FERROLB, [
      ...["controller", "--kubeconfig", kube.kubeconfig, "--webhook-mode=disabled"],
      ...["--namespace", NAMESPACE, "--state-dir", join(kube.dir, "state")],
      ...["--port", "0", "--health-probe-port", "0", "--page-port", "0"],
    ]);
  });
  afterEach(async function () {
    if (this.currentTest?.state === "failed" && kube !== null)
      console.log((await readFile(join(kube.dir, "controller.log"), "utf8")).slice(-3000));
  });
  after(async function () {
    this.timeout(60_000);
    if (controller !== null) await stopProgram(controller);
    await kube?.stop();
  });

  it("the Service has an address, and condition and event say that no speaker lives", async () => {
    const said = await eventually(
      "the condition",
      async () => (await conditions()).find((c) => c.reason === "noLiveSpeaker"),
      LIMIT_MS,
    );
    expect(said).to.include({ type: "ferrolb.io/Announceable", status: "False" });
    expect(said.message).to.contain("no live speaker").and.to.contain(`${TAINT.key}:NoSchedule`);
    const { status } = await get<ServiceNow>(`${SERVICES}/web`);
    expect(status.loadBalancer.ingress).to.have.length(1);
    await eventually("the event", async () => (await events()).length === 1, LIMIT_MS);
    expect((await events())[0]?.message).to.equal(said.message);
  });

  it("explain names it, and its exit code is not 0", async () => {
    const { exitCode, stdout } = await explain();
    expect(exitCode, stdout).not.to.equal(0);
    expect(stdout).to.contain("no live speaker").and.to.contain(TAINT.key);
  });

  it("a speaker that lives takes the condition away, and others' conditions stay", async () => {
    const theirs = {
      ...{ type: "example.com/Checked", status: "True", reason: "Fine", message: "" },
      lastTransitionTime: "2026-01-01T00:00:00Z",
    };
    await patch(`${SERVICES}/web/status`, { status: { conditions: [...(await conditions()), theirs] } }); // prettier-ignore
    await speakerLives();
    await eventually(
      "only the other's condition is left",
      async () => (await conditions()).map((c) => c.type).join() === theirs.type,
      LIMIT_MS,
    );
  });

  it("a speaker that dies is told again", async () => {
    await running().request("DELETE", `${PODS}/speaker-n1?gracePeriodSeconds=0`);
    await eventually(
      "the condition",
      async () => (await conditions()).some((c) => c.reason === "noLiveSpeaker"),
      LIMIT_MS,
    );
  });
});
