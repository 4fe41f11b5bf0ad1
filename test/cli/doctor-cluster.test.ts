/** `ferrolb doctor` on a live cluster: real API server, real DaemonSet controller. Twelve faults, word for word. */
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Ajv } from "ajv";
import { expect } from "chai";
import { execa } from "execa";
import { parseAllDocuments } from "yaml";
import { sceneOfCluster } from "../../src/cli/doctor.ts";
import { diagnose } from "../../src/explain/doctor/doctor.ts";
import type { Diagnosis } from "../../src/explain/doctor/doctor.ts";
import { ensureBundle, ferrolb } from "../support/bundle.ts";
import { startControllerManager } from "../support/controller-manager.ts";
import type { ControllerManager } from "../support/controller-manager.ts";
import { KUBE_BUILD_MS, kubeBinaries, startKube } from "../support/kube.ts";
import type { Kube } from "../support/kube.ts";
import { eventually } from "../support/wait.ts";

const CP = "node-role.kubernetes.io/control-plane";
const EXCLUDE = "node.kubernetes.io/exclude-from-external-load-balancers";
const TAINT = { key: CP, effect: "NoSchedule" };
const NS = "metallb-system";
const SPEAKER = `/apis/apps/v1/namespaces/${NS}/daemonsets/speaker`;
const PROXY = "/api/v1/namespaces/kube-system/configmaps/kube-proxy";

const daemonSet = (tolerations: readonly object[]) => ({
  apiVersion: "apps/v1",
  kind: "DaemonSet",
  metadata: { name: "speaker", namespace: NS, labels: { app: "metallb", component: "speaker" } },
  spec: {
    selector: { matchLabels: { app: "metallb", component: "speaker" } },
    template: {
      metadata: { labels: { app: "metallb", component: "speaker" } },
      spec: {
        hostNetwork: true,
        nodeSelector: { "kubernetes.io/os": "linux" },
        tolerations,
        containers: [{ name: "speaker", image: "registry.example/ferrolb:1" }],
      },
    },
  },
});
const tolerate = (role: string) => ({
  key: `node-role.kubernetes.io/${role}`,
  operator: "Exists",
  effect: "NoSchedule",
});
const SHIPPED = [tolerate("control-plane"), tolerate("master")];

const proxyMap = (mode: string) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "kube-proxy", namespace: "kube-system" },
  data: {
    "config.conf": `kind: KubeProxyConfiguration\nipvs:\n  strictARP: false\nmode: "${mode}"\n`,
  },
});
const resource = (kind: string, name: string, spec: object) => ({
  apiVersion: "metallb.io/v1beta1",
  kind,
  metadata: { name, namespace: NS },
  spec,
});

describe("ferrolb doctor on a live cluster", function () {
  this.timeout(120_000);
  let kube: Kube | null = null;
  let manager: ControllerManager | null = null;
  let bin = "";
  const running = (): Kube => kube ?? expect.fail("no API server");

  const send = async (method: string, path: string, body?: unknown, type?: string) => {
    const headers = type === undefined ? {} : { "content-type": `application/${type}+json` };
    const { status, body: answer } = await running().request(method, path, body, headers);
    expect(status, `${method} ${path}: ${JSON.stringify(answer)}`).to.be.below(400);
    return answer;
  };
  const merge = (path: string, body: object) => send("PATCH", path, body, "merge-patch");
  const node = (name: string) => `/api/v1/nodes/${name}`;
  const own = (plural: string, name = "") =>
    `/apis/metallb.io/v1beta1/namespaces/${NS}/${plural}${name === "" ? "" : `/${name}`}`;
  const taint = (name: string, ...taints: object[]) => merge(node(name), { spec: { taints } });
  const label = (name: string, key: string, value: string | null) =>
    merge(node(name), { metadata: { labels: { [key]: value } } });
  const tolerations = (list: readonly object[]) =>
    merge(SPEAKER, { spec: { template: { spec: { tolerations: list } } } });

  const doctor = (...args: string[]) =>
    ferrolb(["doctor", "--kubeconfig", running().kubeconfig, ...args]);
  const shell = async (command: string) => {
    const env = { KUBECONFIG: running().kubeconfig, PATH: `${bin}:${process.env["PATH"] ?? ""}` };
    const ended = await execa("bash", ["-c", command], { env, reject: false });
    expect(ended.exitCode, `${command}\n${ended.stdout}\n${ended.stderr}`).to.equal(0);
    return ended.stdout;
  };
  let fits: ((value: unknown) => boolean) | null = null;
  /** What the command does, without a process for each look; the command itself is run below. */
  const diagnosis = async (): Promise<Diagnosis> => {
    const scene = await sceneOfCluster(running().kubeconfig, NS);
    const answer = diagnose({ ...scene, local: null });
    expect(fits?.(JSON.parse(JSON.stringify(answer)))).to.equal(true);
    return answer;
  };
  /** What is wrong beyond notes; waits for the DaemonSet's controller. */
  const wrong = async (desired: number) => {
    let last = "";
    const answer = await eventually(
      `DESIRED ${desired}`,
      async () => {
        const now = await diagnosis();
        last = JSON.stringify(now.speaker);
        return now.speaker?.desired === desired && now;
      },
      30_000,
      300,
    ).catch((e: unknown) => expect.fail(`${String(e)}: ${last}`));
    const findings = answer.findings.filter((f) => !f.code.startsWith("podsNot"));
    return { ...answer, findings };
  };

  before(async function () {
    this.timeout(KUBE_BUILD_MS);
    await ensureBundle();
    fits = new Ajv().compile(
      JSON.parse(await readFile("docs/schemas/doctor.schema.json", "utf8")) as object,
    );
    const found = await kubeBinaries("kube-apiserver", "kube-controller-manager", "kubectl");
    if (found === null) {
      this.skip();
    }
    bin = found;
    kube = await startKube(bin);
    manager = startControllerManager(bin, kube);
    const dir = "deploy/kustomize/crds";
    for (const file of await readdir(dir)) {
      if (!file.startsWith("metallb.io_")) continue;
      for (const document of parseAllDocuments(await readFile(join(dir, file), "utf8"))) {
        const crd = document.toJS() as { spec: { conversion?: unknown } };
        delete crd.spec.conversion; // no webhook runs here
        await send("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", crd);
      }
    }
    for (const name of [NS, "kube-system"])
      await running().request("POST", "/api/v1/namespaces", {
        apiVersion: "v1",
        kind: "Namespace",
        metadata: { name },
      });
    for (const [i, name] of ["cp-1", "w-1", "w-2"].entries()) {
      const labels = {
        "kubernetes.io/os": "linux",
        "kubernetes.io/hostname": name,
        ...(i === 0 && { [CP]: "", [EXCLUDE]: "" }),
      };
      await send("POST", "/api/v1/nodes", {
        apiVersion: "v1",
        kind: "Node",
        metadata: { name, labels },
      });
      await merge(`${node(name)}/status`, {
        status: { addresses: [{ type: "InternalIP", address: `192.0.2.1${i}` }] },
      });
      // Pods never start here, but their places are decided: a kubelet would have removed not-ready.
      await taint(name, ...(i === 0 ? [TAINT] : []));
    }
    await send("POST", "/api/v1/namespaces/kube-system/configmaps", proxyMap(""));
    await eventually("pools are served", async () => {
      const { status } = await running().request("GET", own("ipaddresspools"));
      return status === 200;
    });
  });
  after(async function () {
    this.timeout(30_000);
    await manager?.stop();
    await kube?.stop();
  });

  it("before an install: fine, and says that nothing is installed", async () => {
    const { stdout, exitCode, stderr } = await doctor();
    expect(exitCode, stdout + stderr).to.equal(0);
    expect(stdout).to.contain("no speaker DaemonSet: not installed yet");
    await send("POST", `/apis/apps/v1/namespaces/${NS}/daemonsets`, daemonSet(SHIPPED));
    const { findings, nodes } = await wrong(3);
    expect(findings.map((f) => `${f.severity} ${f.code}`)).to.deep.equal([
      "note nodeLabeledExcludeBalancers",
    ]);
    // The same nodes as `kubectl get nodes -l node-role.kubernetes.io/control-plane`.
    const listed = await shell(`kubectl get nodes -l ${CP} -o name`);
    expect(nodes.filter((n) => n.controlPlane).map((n) => `node/${n.node}`)).to.deep.equal(
      listed.split("\n"),
    );
  });

  interface Case {
    readonly put: () => Promise<unknown>;
    readonly desired?: number;
    readonly severity: "error" | "warning";
    readonly code: string;
    readonly message: string;
    readonly fix: string;
    readonly caution?: string;
    readonly undo: () => Promise<unknown>;
  }
  const TOLERATIONS = "/spec/template/spec/tolerations";
  const cases: Record<string, Case> = {
    "a control-plane taint that is not tolerated": {
      put: () => tolerations([tolerate("master")]),
      desired: 2,
      severity: "error",
      code: "taintNotTolerated",
      message: `taint ${CP}:NoSchedule keeps the speaker off cp-1: DaemonSet ${NS}/speaker does not tolerate it`,
      fix: `kubectl patch daemonset speaker -n ${NS} --type=json -p='[{"op":"add","path":"${TOLERATIONS}/-","value":{"key":"${CP}","operator":"Exists","effect":"NoSchedule"}}]'`,
      undo: () => tolerations(SHIPPED),
    },
    "the same without any toleration, where the seed's patch would fail": {
      put: () => tolerations([]),
      desired: 2,
      severity: "error",
      code: "taintNotTolerated",
      message: `taint ${CP}:NoSchedule keeps the speaker off cp-1: DaemonSet ${NS}/speaker does not tolerate it`,
      fix: `kubectl patch daemonset speaker -n ${NS} --type=json -p='[{"op":"add","path":"${TOLERATIONS}","value":[{"key":"${CP}","operator":"Exists","effect":"NoSchedule"}]}]'`,
      undo: () => tolerations(SHIPPED),
    },
    "a taint that somebody added by hand": {
      put: async () => {
        await taint("w-2", { key: "example.com/dedicated", value: "db", effect: "NoSchedule" });
        // Pods that run already are counted until the DaemonSet is looked at again.
        await merge(SPEAKER, { metadata: { annotations: { looked: "again" } } });
      },
      desired: 2,
      severity: "error",
      code: "taintNotTolerated",
      message: `taint example.com/dedicated=db:NoSchedule keeps the speaker off w-2: DaemonSet ${NS}/speaker does not tolerate it`,
      fix: `kubectl patch daemonset speaker -n ${NS} --type=json -p='[{"op":"add","path":"${TOLERATIONS}/-","value":{"key":"example.com/dedicated","operator":"Exists","effect":"NoSchedule"}}]'`,
      undo: async () => {
        await taint("w-2");
        await tolerations(SHIPPED);
      },
    },
    "taints on every node": {
      put: async () => {
        await tolerations([tolerate("master")]);
        for (const name of ["w-1", "w-2"]) await taint(name, TAINT);
      },
      desired: 0,
      severity: "error",
      code: "taintNotTolerated",
      message: `taint ${CP}:NoSchedule keeps the speaker off cp-1, w-1 and w-2: DaemonSet ${NS}/speaker does not tolerate it; no node is left to announce from`,
      fix: `kubectl patch daemonset speaker -n ${NS} --type=json -p='[{"op":"add","path":"${TOLERATIONS}/-","value":{"key":"${CP}","operator":"Exists","effect":"NoSchedule"}}]'`,
      caution:
        "removing the taint admits all Pods to the node, not the speaker alone; in production prefer the toleration",
      undo: async () => {
        await tolerations(SHIPPED);
        for (const name of ["w-1", "w-2"]) await taint(name);
      },
    },
    "a nodeSelector that leaves a node out": {
      put: async () => {
        for (const name of ["cp-1", "w-1"]) await label(name, "edge", "yes");
        await merge(SPEAKER, { spec: { template: { spec: { nodeSelector: { edge: "yes" } } } } });
      },
      desired: 2,
      severity: "warning",
      code: "nodeNotSelected",
      message: `DaemonSet ${NS}/speaker selects no Pod for w-2: no speaker there, and nothing is announced from there`,
      fix: "kubectl label nodes w-2 edge=yes",
      undo: async () => {
        await merge(SPEAKER, { spec: { template: { spec: { nodeSelector: { edge: null } } } } });
        for (const name of ["cp-1", "w-1", "w-2"]) await label(name, "edge", null);
      },
    },
    "the exclude label on every node": {
      put: async () => {
        for (const name of ["w-1", "w-2"]) await label(name, EXCLUDE, "");
      },
      severity: "error",
      code: "nodeLabeledExcludeBalancers",
      message: `every node that can have a speaker is labelled ${EXCLUDE}: nothing is announced anywhere`,
      fix: `kubectl label nodes cp-1 w-1 w-2 ${EXCLUDE}-`,
      undo: async () => {
        await label("cp-1", EXCLUDE, "");
        for (const name of ["w-1", "w-2"]) await label(name, EXCLUDE, null);
      },
    },
    "an advertisement for workers, and nobody labels workers": {
      put: () =>
        send(
          "POST",
          own("l2advertisements"),
          resource("L2Advertisement", "worker-only", {
            nodeSelectors: [{ matchLabels: { "node-role.kubernetes.io/worker": "" } }],
          }),
        ),
      severity: "error",
      code: "noNodeSelected",
      message:
        "no node matches node-role.kubernetes.io/worker=: kubeadm, k3s and MicroK8s do not label workers",
      fix: `kubectl patch l2advertisement worker-only -n ${NS} --type=merge -p='{"spec":{"nodeSelectors":[{"matchExpressions":[{"key":"${CP}","operator":"DoesNotExist"}]}]}}'`,
      undo: () => send("DELETE", own("l2advertisements", "worker-only")),
    },
    "kube-proxy in IPVS mode without strictARP": {
      put: () => send("PUT", PROXY, proxyMap("ipvs")),
      severity: "warning",
      code: "strictArpOff",
      message:
        "kube-proxy is in IPVS mode without strictARP: every node answers ARP for every Service address, beside the elected one",
      fix: 'kubectl get configmap kube-proxy -n kube-system -o yaml | sed -e "s/strictARP: false/strictARP: true/" | kubectl apply -f - -n kube-system',
      undo: () => send("PUT", PROXY, proxyMap("")),
    },
    "k3s's ServiceLB beside us": {
      put: () =>
        merge(node("cp-1"), {
          metadata: { annotations: { "k3s.io/node-args": '["server","--disable","traefik"]' } },
        }),
      severity: "warning",
      code: "serviceLbActive",
      message:
        "k3s's ServiceLB is on: it writes node addresses into the status of the same Services, and the two overwrite each other",
      fix: "printf 'disable:\\n  - servicelb\\n' | sudo tee /etc/rancher/k3s/config.yaml.d/no-servicelb.yaml && sudo systemctl restart k3s",
      undo: () => merge(node("cp-1"), { metadata: { annotations: { "k3s.io/node-args": null } } }),
    },
    "another MetalLB": {
      put: () => {
        const { spec, ...rest } = daemonSet(SHIPPED);
        const labels = { app: "other", component: "speaker" };
        return send("POST", "/apis/apps/v1/namespaces/kube-system/daemonsets", {
          ...rest,
          metadata: { name: "metallb-speaker", namespace: "kube-system" },
          spec: {
            selector: { matchLabels: labels },
            template: {
              metadata: { labels },
              spec: {
                ...spec.template.spec,
                containers: [{ name: "speaker", image: "quay.io/metallb/speaker:v0.16.1" }],
              },
            },
          },
        });
      },
      severity: "warning",
      code: "otherMetalLB",
      message:
        "MetalLB runs beside us: two controllers write the same Services; speakers of both agree only while a change-over lasts",
      fix: "kubectl delete daemonset metallb-speaker -n kube-system",
      undo: () =>
        running().request(
          "DELETE",
          "/apis/apps/v1/namespaces/kube-system/daemonsets/metallb-speaker",
        ),
    },
    "a pool that holds node addresses": {
      put: () =>
        send(
          "POST",
          own("ipaddresspools"),
          resource("IPAddressPool", "lan", { addresses: ["192.0.2.0/28"] }),
        ),
      severity: "error",
      code: "poolHoldsNodeAddress",
      message:
        "pool lan holds 192.0.2.10, 192.0.2.11, 192.0.2.12, which is taken: Node cp-1 has 192.0.2.10",
      fix: `kubectl annotate ipaddresspool lan -n ${NS} --overwrite ferrolb.io/reserved-addresses=192.0.2.10,192.0.2.11,192.0.2.12`,
      undo: () => send("DELETE", own("ipaddresspools", "lan")),
    },
    "a namespace that refuses the speaker's Pods": {
      put: () =>
        merge(`/api/v1/namespaces/${NS}`, {
          metadata: { labels: { "pod-security.kubernetes.io/enforce": "baseline" } },
        }),
      severity: "error",
      code: "podSecurityRefuses",
      message: `namespace ${NS} enforces Pod Security level baseline: Pods with host network and NET_RAW are refused`,
      fix: `kubectl label namespace ${NS} --overwrite pod-security.kubernetes.io/enforce=privileged`,
      undo: () =>
        merge(`/api/v1/namespaces/${NS}`, {
          metadata: { labels: { "pod-security.kubernetes.io/enforce": null } },
        }),
    },
  };
  /** Those that end with the first command alone, tried below; two need a machine of k3s, or an end of MetalLB. */
  const NOT_RUN = ["serviceLbActive"];

  it("there are twelve", () => expect(Object.keys(cases).length).to.equal(12));

  for (const [what, c] of Object.entries(cases))
    it(`${what}: ${c.code}, and the command it gives mends it`, async () => {
      await c.put();
      try {
        const { findings } = await wrong(c.desired ?? 3);
        const found = findings.filter((f) => f.severity !== "note");
        expect(found.map((f) => [f.severity, f.code, f.message])).to.deep.equal([
          [c.severity, c.code, c.message],
        ]);
        expect(found[0]?.fixes[0]?.command).to.equal(c.fix);
        expect(found[0]?.evidence).not.to.deep.equal([]);
        if (c.caution !== undefined) expect(found[0]?.fixes[1]?.caution).to.equal(c.caution);
        if (NOT_RUN.includes(c.code)) return;
        // Fixed by the very command, run in a shell.
        await shell(c.fix);
        const after = await eventually("mended", async () => {
          const now = await wrong(3);
          return now.findings.every((f) => f.severity === "note") && now;
        });
        expect(after.checks.some((k) => k.state === "error" && k.name !== "daemonset")).to.equal(
          false,
        );
      } finally {
        await c.undo();
        await wrong(3);
      }
    });

  it("tells Pods that are not ready from nodes that are skipped, and is content when all are", async () => {
    const pods = `/api/v1/namespaces/${NS}/pods`;
    const before = await diagnosis();
    const notReady = before.findings.find((f) => f.code === "podsNotReady");
    expect(notReady?.message).to.equal(`DaemonSet ${NS}/speaker has 0 of 3 Pods ready`);
    const { items } = (await send("GET", pods)) as { items: { metadata: { name: string } }[] };
    for (const { metadata } of items)
      await merge(`${pods}/${metadata.name}/status`, {
        status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] },
      });
    const answer = await eventually("all ready", async () => {
      const now = await diagnosis();
      return now.speaker?.ready === 3 && now;
    });
    expect(answer.nodesWithoutSpeaker).to.deep.equal([]);
    const { stdout, exitCode } = await doctor("-o", "json");
    expect([exitCode, JSON.parse(stdout)]).to.deep.equal([0, answer]);
  });

  it("turns from warn to ok by the line of the documentation", async () => {
    await send("PUT", PROXY, proxyMap("ipvs"));
    expect((await doctor()).stdout).to.match(/^warn {2}strict-arp /m);
    await shell(
      'kubectl get configmap kube-proxy -n kube-system -o yaml | \\\nsed -e "s/strictARP: false/strictARP: true/" | \\\nkubectl apply -f - -n kube-system',
    );
    expect((await doctor()).stdout).to.match(/^ok {4}strict-arp /m);
  });

  it("says the same of a dump as of the cluster it was taken from", async () => {
    await tolerations([]);
    await wrong(2);
    const dump = join(running().dir, "dump.yaml");
    const kinds =
      "nodes,namespaces,services,pods,configmaps,daemonsets,deployments,ipaddresspools,l2advertisements,bgpadvertisements,bgppeers.v1beta2.metallb.io";
    // The DaemonSet's controller may move between the two looks.
    await eventually("the same answers", async () => {
      const live = await diagnosis();
      await writeFile(dump, await shell(`kubectl get ${kinds} -A -o yaml`));
      const { stdout, exitCode, stderr } = await ferrolb(["doctor", "-f", dump, "-o", "json"]);
      expect([exitCode, stderr, JSON.parse(stdout)]).to.deep.equal([1, "", live]);
      return true;
    });
    const text = (await ferrolb(["doctor", "-f", dump])).stdout;
    expect(text).to.contain(`taint ${CP}:NoSchedule: blocks speaker`);
    expect(text).to.contain(`DaemonSet ${NS}/speaker: nodes 3, DESIRED 2`);
    expect(text.indexOf("kubectl patch")).to.be.lessThan(text.indexOf("kubectl taint"));
  });

  it("without a cluster: exit 3; without any place to look: exit 2", async () => {
    const away = join(running().dir, "away");
    await writeFile(
      away,
      (await readFile(running().kubeconfig, "utf8")).replace(
        running().server,
        "https://127.0.0.1:9",
      ),
    );
    expect((await ferrolb(["doctor", "--kubeconfig", away])).exitCode).to.equal(3);
    expect((await ferrolb(["doctor", "--kubeconfig", "/nowhere"])).exitCode).to.equal(2);
  });
});
