/** Status objects on a real API server: exactly what changed is written, and many do not become a flood. */
import { expect } from "chai";
import { emptySnapshot } from "../../src/api/snapshot.ts";
import type { ReportWrite } from "../../src/api/store.ts";
import { loadKubeConfig } from "../../src/kube/access.ts";
import { kubeClient } from "../../src/kube/client.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { forgetNodes } from "../../src/kube/forget-nodes.ts";
import { kubeReports } from "../../src/kube/reports.ts";
import type { Reports } from "../../src/kube/reports.ts";
import { watchGoneNodes } from "../../src/reconciler/gone-nodes.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { startControllerManager } from "../support/controller-manager.ts";
import { NAMESPACE } from "../support/crds.ts";
import { kubeBinaries } from "../support/kube.ts";
import type { Kube } from "../support/kube.ts";
import { kubeFor } from "../support/kube-test.ts";
import { postSpeakerPod } from "../support/metallb.ts";
import { eventually } from "../support/wait.ts";

const report = (node: string, name: string, announced: boolean): ReportWrite => ({
  apiVersion: "ferrolb.io/v1alpha1",
  kind: "AnnouncementReport",
  namePrefix: "report-",
  labels: {
    "metallb.io/node": node,
    "metallb.io/service-name": name,
    "metallb.io/service-namespace": "default",
  },
  status: {
    ...{ node, serviceName: name, serviceNamespace: "default" },
    l2: { announced, addresses: [{ ip: "192.0.2.1", announced }], interfaces: [] },
    inputs: { epoch: 1_800_000_000, members: ["n1", "n2"] },
  },
});
const many = (node: string, count: number, announced: boolean): ReportWrite[] =>
  Array.from({ length: count }, (_, i) => report(node, `s${i}`, announced));

describe("status objects at the API server", function () {
  this.timeout(120_000);
  let kube: Kube;
  let client: KubeClient;
  const stop = new AbortController();
  const asked: string[] = [];

  before(async function () {
    kube = await kubeFor(this);
    const inner = kubeClient(loadKubeConfig(kube.kubeconfig));
    client = {
      ...inner,
      request: (method, path, body) => {
        asked.push(method);
        return inner.request(method, path, body);
      },
      patch: (path, body, type) => {
        asked.push("PATCH");
        return inner.patch(path, body, type);
      },
    };
  });
  after(async () => {
    stop.abort();
    client.close();
    await kube.stop();
  });
  beforeEach(() => void asked.splice(0));

  const writer = () =>
    kubeReports(client, { namespace: NAMESPACE, pod: null }, systemClock, stop.signal);
  const writes = (): number => asked.filter((method) => method !== "GET").length;
  const standing = async (node: string): Promise<readonly unknown[]> => {
    const selector = encodeURIComponent(`metallb.io/node=${node}`);
    const path = `/apis/ferrolb.io/v1alpha1/namespaces/${NAMESPACE}/announcementreports`;
    const { body } = await kube.request("GET", `${path}?labelSelector=${selector}`);
    return (body as { items: readonly { status: unknown }[] }).items.map(({ status }) => status);
  };

  it("one that changed is one request, one that did not is none, also for a new process", async () => {
    const reports = writer();
    await reports.write("n1", many("n1", 5, true));
    expect(writes()).to.equal(10); // object and status
    expect(await standing("n1")).to.have.deep.members(
      many("n1", 5, true).map(({ status }) => status),
    );
    await reports.write("n1", many("n1", 5, true));
    expect(writes()).to.equal(10);
    await reports.write("n1", [report("n1", "s0", false), ...many("n1", 5, true).slice(1)]);
    expect(writes()).to.equal(11);
    const another = writer();
    await another.write("n1", [report("n1", "s0", false), ...many("n1", 5, true).slice(1)]);
    expect(writes()).to.equal(11);
    await another.write("n1", many("n1", 5, true).slice(1));
    expect(await standing("n1")).to.have.length(4);
  });

  it("a newer set takes the place of one that is being written", async () => {
    const reports = writer();
    const first = reports.write("n2", many("n2", 150, false));
    const second = reports.write("n2", [report("n2", "s0", true)]);
    await Promise.all([first, second]);
    expect(await standing("n2")).to.have.deep.members([report("n2", "s0", true).status]);
    expect(writes()).to.be.lessThan(40); // of the first set only what was under way
  });

  it("many are written at a steady pace, and removed by one request", async () => {
    const reports = writer();
    const began = performance.now();
    await reports.write("n3", many("n3", 320, true));
    const tookS = (performance.now() - began) / 1000;
    console.log(`      320 objects in ${tookS.toFixed(1)} s`);
    expect(tookS).to.be.greaterThan(2.5); // 200 at once, 40 a second
    expect(await standing("n3")).to.have.length(320);
    asked.splice(0);
    await reports.write("n3", []);
    expect(asked.filter((method) => method === "DELETE")).to.have.length(1);
    expect(await standing("n3")).to.have.length(0);
  });

  const METALLB = "metallb.io/v1beta1";
  const FERROLB = "ferrolb.io/v1alpha1";
  const leftBy = (node: string): readonly ReportWrite[] => {
    const name = `by-${node.slice(0, 5)}`; // at L2, who announces a Service removes what others said of it
    const about = { serviceName: name, serviceNamespace: "default" };
    const { labels } = report(node, name, true);
    return [
      report(node, name, true),
      {
        ...{ apiVersion: FERROLB, kind: "SpeakerReport", namePrefix: `speaker-${node}` },
        ...{ labels: { "metallb.io/node": node }, status: { node, sessions: [] } },
      },
      {
        ...{ apiVersion: METALLB, kind: "ServiceL2Status", namePrefix: "l2-", labels },
        status: { node, ...about, interfaces: [] },
      },
      {
        ...{ apiVersion: METALLB, kind: "ServiceBGPStatus", namePrefix: "bgp-", labels },
        status: { node, ...about, peers: ["router"] },
      },
      {
        ...{ apiVersion: METALLB, kind: "ConfigurationState", namePrefix: `speaker-${node}` },
        labels: { "metallb.io/node-name": node },
        status: { result: "Valid", errorSummary: "", conditions: [] },
      },
    ];
  };
  const nodesWith = async (kind: string, version: string): Promise<ReadonlySet<string>> => {
    const plural = `${kind.toLowerCase()}${kind.endsWith("Status") ? "es" : "s"}`;
    const path = `/apis/${version}/namespaces/${NAMESPACE}/${plural}`;
    const { body } = await kube.request("GET", path);
    const { items } = body as {
      readonly items: readonly { readonly metadata: { labels: Record<string, string> } }[];
    };
    return new Set(
      items.map(({ metadata: { labels } }) => labels["metallb.io/node"] ?? labels["metallb.io/node-name"] ?? ""), // prettier-ignore
    );
  };

  it("what speakers of Nodes that are no more have left is removed, of every kind, and nothing else", async () => {
    const long = `${"a".repeat(60)}.${"b".repeat(60)}`; // longer than a label may be
    const young = "young"; // there, but not yet in our view
    const reports = writer();
    for (const node of ["gone", long, young, "n1"]) await reports.write(node, leftBy(node));
    for (const name of [long, young, "n1"])
      await kube.request("POST", "/api/v1/nodes", { metadata: { name } });
    const forget = (seen: readonly string[]) =>
      forgetNodes({ client, namespace: NAMESPACE, clock: systemClock, signal: stop.signal }, seen);
    expect(await forget([long, "n1"]))
      .to.include("gone")
      .and.not.include.members([young, "n1"]);
    for (const { kind, apiVersion } of leftBy("gone"))
      expect([...(await nodesWith(kind, apiVersion))].sort(), kind).to.deep.equal(
        [long.slice(0, 63).replace(/\.$/, ""), young, "n1"].sort(),
      );
    asked.splice(0);
    expect(await forget([long, young, "n1"])).to.deep.equal([]);
    expect(asked).to.deep.equal(Array.from({ length: 5 }, () => "GET"));
    await kube.request("DELETE", `/api/v1/nodes/${young}`);
    const log: object[] = [];
    const ends = new AbortController();
    const nodes = [long, "n1"].map((name) => ({
      apiVersion: "v1",
      kind: "Node" as const,
      metadata: { name },
    }));
    const running = watchGoneNodes(
      {
        store: { snapshot: () => ({ ...emptySnapshot(NAMESPACE), nodes }) },
        forget,
        clock: systemClock,
        log: { debug() {}, warn() {}, error() {}, info: (fields) => void log.push(fields) },
      },
      ends.signal,
    );
    await eventually("young is forgotten", () => log.length > 0);
    ends.abort();
    await running;
    expect(log).to.deep.equal([{ nodes: [young] }]);
  });

  it("a new Pod takes over what the old one wrote, while the garbage collector removes that", async () => {
    const bin = (await kubeBinaries("kube-controller-manager")) ?? expect.fail("built before");
    const manager = startControllerManager(bin, kube, ["garbage-collector-controller"]);
    try {
      const pods = `/api/v1/namespaces/${NAMESPACE}/pods`;
      const newPod = async (): Promise<{ name: string; uid: string }> => {
        await kube.request("DELETE", `${pods}/speaker-n7?gracePeriodSeconds=0`);
        await postSpeakerPod(kube, "n7", "192.0.2.7");
        const { body } = await kube.request("GET", `${pods}/speaker-n7`);
        return { name: "speaker-n7", uid: (body as { metadata: { uid: string } }).metadata.uid };
      };
      const write = async (pod: { name: string; uid: string }): Promise<Reports> => {
        const reports = kubeReports(
          client,
          { namespace: NAMESPACE, pod },
          systemClock,
          stop.signal,
        );
        await reports.write("n7", many("n7", 100, true));
        return reports;
      };
      const path = `/apis/ferrolb.io/v1alpha1/namespaces/${NAMESPACE}/announcementreports`;
      const owned = async (): Promise<number> => {
        const { body } = await kube.request("GET", `${path}?labelSelector=metallb.io%2Fnode%3Dn7`);
        return (body as { items: unknown[] }).items.length;
      };
      const first = await newPod();
      await write(first);
      // Something that only the garbage collector removes shows that it is at work.
      const [bait] = many("n8", 1, true);
      const baited = kubeReports(client, { namespace: NAMESPACE, pod: first }, systemClock, stop.signal); // prettier-ignore
      await baited.write("n8", bait === undefined ? [] : [bait]);
      const second = await newPod();
      await write(second);
      await eventually("the bait is gone", async () => (await standing("n8")).length === 0, 90_000);
      expect(await owned()).to.equal(100);

      // Nothing was waiting to be written: a hand is noticed all the same.
      let nowMs = 0;
      const clock = { ...systemClock, now: () => nowMs };
      const reports = kubeReports(client, { namespace: NAMESPACE, pod: second }, clock, stop.signal); // prettier-ignore
      await reports.write("n7", many("n7", 100, true));
      await kube.request("DELETE", `${path}?labelSelector=metallb.io%2Fnode%3Dn7`);
      nowMs += 60_000; // so often a quiet speaker writes
      await reports.write("n7", many("n7", 100, true));
      expect(await owned()).to.equal(100);
    } finally {
      await manager.stop();
    }
  });

  it("a name longer than a name may be, and a label", async () => {
    const node = `${"n".repeat(60)}.${"o".repeat(60)}.${"d".repeat(60)}.${"e".repeat(60)}`;
    await writer().write(node, [report(node, "s0", true)]);
    const path = `/apis/ferrolb.io/v1alpha1/namespaces/${NAMESPACE}/announcementreports`;
    const { body } = await kube.request("GET", path);
    const { items } = body as { items: readonly { status: { node: string } }[] };
    expect(items.map(({ status }) => status.node)).to.include(node);
  });

  it("a kind that the API server does not serve is left alone", async () => {
    await kube.request(
      "DELETE",
      "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/announcementreports.ferrolb.io",
    );
    const reports = writer();
    const state: ReportWrite = {
      apiVersion: "metallb.io/v1beta1",
      kind: "ConfigurationState",
      namePrefix: "speaker-n9",
      labels: { "metallb.io/node-name": "n9" },
      status: { result: "Valid" },
    };
    await reports.write("n9", [...many("n9", 50, true), state]).catch(() => undefined);
    await reports.write("n9", [...many("n9", 50, true), state]).catch(() => undefined);
    expect(writes()).to.be.lessThan(12);
    const path = `/apis/metallb.io/v1beta1/namespaces/${NAMESPACE}/configurationstates/speaker-n9`;
    expect((await kube.request("GET", path)).status).to.equal(200);
  });
});
