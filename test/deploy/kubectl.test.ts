/**
 * Installing, and the post on control-plane nodes, command by command as people type them, on a real API server with
 * the real DaemonSet controller. Pods never start here: which there are, and where, is what is decided.
 */
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join, normalize } from "node:path";
import { expect } from "chai";
import { ensureBundle } from "../support/bundle.ts";
import { deployTools } from "../support/deploy-tools.ts";
import { KUBE_BUILD_MS, kubeBinaries } from "../support/kube.ts";
import { startProgram, stopProgram } from "../../src/lab/programs.ts";
import { eventually } from "../support/wait.ts";
import { CONTROL_PLANE, CONTROL_PLANE_TAINT, startCluster } from "./cluster.ts";
import type { Cluster, Taint } from "./cluster.ts";

const CP = { [CONTROL_PLANE]: "" };
const NS = "metallb-system";
const SEED_VALUES = "test/fixtures/deploy/seed-helm-values.yaml";
/** Fix 1 of the post, letter by letter. */
const SEED_PATCH = `kubectl patch daemonset speaker -n metallb-system --type=json -p='[
  {
    "op": "add",
    "path": "/spec/template/spec/tolerations/-",
    "value": {
      "key": "node-role.kubernetes.io/control-plane",
      "operator": "Exists",
      "effect": "NoSchedule"
    }
  }
]'`;
/** What an installation without Fix 1 would have. */
const FORGET = `kubectl patch daemonset speaker -n metallb-system --type=json -p='[{"op":"replace","path":"/spec/template/spec/tolerations","value":[{"key":"node.kubernetes.io/not-ready","operator":"Exists","effect":"NoExecute"}]}]'`;

describe("installing and placing speakers with kubectl and helm", function () {
  this.timeout(180_000);
  let cluster: Cluster;
  const close: (() => Promise<unknown>)[] = [];
  before(async function () {
    this.timeout(KUBE_BUILD_MS);
    const tools = await deployTools();
    const bin = await kubeBinaries("kube-apiserver", "kube-controller-manager", "kubectl");
    if (tools === null || bin === null) this.skip(); // they could not be built
    await ensureBundle();
    cluster = await startCluster(bin, tools);
    close.push(() => cluster.close());
  });
  after(async () => {
    for (const step of close.reverse()) await step();
  });
  const sh = (command: string) => cluster.sh(command);
  const threeNodes = async (...taints: Taint[]): Promise<void> => {
    await cluster.removeNodes();
    await cluster.addNode("cp-1", CP, ...taints);
    await cluster.addNode("w-1");
    await cluster.addNode("w-2");
  };

  describe("helm", () => {
    /** A chart repository on loopback, as `helm repo` wants one. */
    const serveChart = async (): Promise<string> => {
      const dir = join(cluster.dir, "repo");
      await sh(
        `mkdir -p ${dir} && helm package deploy/helm/ferrolb -d ${dir} && helm repo index ${dir}`,
      );
      const server = createServer((request, response) => {
        readFile(join(dir, normalize(`/${request.url ?? ""}`))).then(
          (content) => response.end(content),
          () => response.writeHead(404).end(),
        );
      }).listen(0, "127.0.0.1");
      close.push(() => Promise.resolve(server.close()));
      await eventually("the repository listens", () => server.listening);
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    };

    it("repo add, repo update, install, as the reference page has them", async () => {
      await threeNodes(CONTROL_PLANE_TAINT);
      await sh(`helm repo add metallb ${await serveChart()}`);
      await sh("helm repo update");
      const said = await sh(
        "helm install metallb metallb/ferrolb --namespace metallb-system --create-namespace",
      );
      expect(said).to.contain("kubectl get daemonset -n metallb-system speaker");
      expect(await cluster.counts(3)).to.include({ current: 3, upToDate: 3 });
    });

    it("the same label lists the same Pods as from the manifest", async () => {
      await cluster.runPods();
      const listed = await sh("kubectl get pods -n metallb-system -l component=speaker -o wide");
      for (const node of ["cp-1", "w-1", "w-2"]) expect(listed).to.contain(` ${node} `);
      const other =
        "kubectl get pods -n metallb-system -l app.kubernetes.io/component=speaker -o name";
      expect((await sh(other)).split("\n")).to.have.length(3);
    });

    it("upgrade with the post's values file, unchanged", async () => {
      const before = await sh("helm get manifest metallb -n metallb-system");
      await writeFile(join(cluster.dir, "helm-values.yaml"), await readFile(SEED_VALUES));
      await sh(
        `cd ${cluster.dir} && helm upgrade metallb metallb/ferrolb \\\n  -n metallb-system \\\n  -f helm-values.yaml`,
      );
      const after = await sh("helm get manifest metallb -n metallb-system");
      const added = after.split("\n").filter((line) => !before.includes(line));
      expect(added.filter((line) => !/^\s+(- )?(key|operator|effect): /.test(line))).to.deep.equal(
        [],
      );
      const tolerations = await sh(
        "kubectl get daemonset speaker -n metallb-system -o jsonpath='{.spec.template.spec.tolerations[*].key}'",
      );
      expect(tolerations.split(" ").slice(-2)).to.deep.equal([
        CONTROL_PLANE,
        "node-role.kubernetes.io/master",
      ]);
      await cluster.counts(3);
    });

    it("install with --set speaker.frr.enabled=true gives the speaker its FRR", async () => {
      await sh("helm uninstall metallb -n metallb-system --wait=false");
      await sh(
        "helm install metallb metallb/ferrolb --namespace metallb-system --set speaker.frr.enabled=true",
      );
      const containers = await sh(
        "kubectl get daemonset speaker -n metallb-system -o jsonpath='{.spec.template.spec.containers[*].name}'",
      );
      expect(containers).to.equal("speaker frr");
    });

    it("uninstall leaves the resource definitions, and with them every pool", async () => {
      await sh(
        `kubectl apply -f - <<< '{"apiVersion":"metallb.io/v1beta1","kind":"IPAddressPool","metadata":{"name":"kept","namespace":"${NS}"},"spec":{"addresses":["203.0.113.0/28"]}}'`,
      );
      await sh("helm uninstall metallb -n metallb-system --wait=false");
      expect(await sh("kubectl get ipaddresspool -n metallb-system -o name")).to.equal(
        "ipaddresspool.metallb.io/kept",
      );
      await sh("kubectl delete ipaddresspool kept -n metallb-system");
    });
  });

  describe("one file", () => {
    it("kubectl apply, and a second time nothing changes", async () => {
      await sh("kubectl apply -f deploy/manifests/ferrolb-frr.yaml");
      const again = await sh("kubectl apply -f deploy/manifests/ferrolb-frr.yaml");
      const lines = again.split("\n");
      expect(lines.length).to.be.greaterThan(25);
      expect(lines.filter((line) => !line.endsWith(" unchanged"))).to.deep.equal([]);
    });

    it("kubectl apply -k of an overlay is the same installation", async () => {
      const again = await sh("kubectl apply -k deploy/kustomize/overlays/frr");
      expect(again.split("\n").filter((line) => !line.endsWith(" unchanged"))).to.deep.equal([]);
    });

    it("kubectl get pods shows controller and speaker Running", async () => {
      await threeNodes(CONTROL_PLANE_TAINT);
      await cluster.counts(3);
      await eventually("the controller's Pod", async () => {
        await cluster.runPods();
        const listed = await sh("kubectl get pods -n metallb-system");
        const running = listed.split("\n").filter((line) => / Running /.test(line));
        return (
          running.filter((line) => line.startsWith("controller-")).length === 1 &&
          running.filter((line) => line.startsWith("speaker-")).length === 3
        );
      });
    });
  });

  describe("the post, from top to bottom", () => {
    it("shipped as it is, a tainted control-plane node has a speaker", async () => {
      await cluster.counts(3);
    });

    it("without the toleration it is skipped, and each command of the post shows it", async () => {
      await sh(FORGET);
      await threeNodes(CONTROL_PLANE_TAINT);
      await cluster.counts(2);
      await cluster.runPods();
      const pods = await sh("kubectl get pods -n metallb-system -l component=speaker -o wide");
      expect(pods).to.contain(" w-1 ").and.to.contain(" w-2 ").and.not.to.contain(" cp-1 ");
      expect(
        await sh("kubectl get nodes -l node-role.kubernetes.io/control-plane -o name"),
      ).to.equal("node/cp-1");
      expect(await sh("kubectl describe node cp-1 | grep -A 5 Taints")).to.match(
        /^Taints: +node-role\.kubernetes\.io\/control-plane:NoSchedule/,
      );
      const [head = "", row = ""] = (
        await sh("kubectl get daemonset -n metallb-system speaker")
      ).split("\n");
      expect(head).to.match(/DESIRED +CURRENT +READY +UP-TO-DATE +AVAILABLE +NODE SELECTOR/);
      expect(row).to.match(/^speaker +2 +2 +/);
      await sh("ferrolb doctor").then(
        () => expect.fail("doctor is content"),
        (error: unknown) => expect(String(error)).to.contain("keeps the speaker off cp-1"),
      );
    });

    it("Fix 1, the JSON patch as it is written", async () => {
      await sh(SEED_PATCH);
      await cluster.counts(3);
    });

    it("the same patch on what is shipped, where the toleration is there already", async () => {
      await sh("kubectl apply -f deploy/manifests/ferrolb-frr.yaml");
      await sh(SEED_PATCH);
      await cluster.counts(3);
    });

    it("Fix 2, the taint removed from one node, and from all at once", async () => {
      await sh(FORGET);
      await threeNodes(CONTROL_PLANE_TAINT);
      await cluster.counts(2);
      await sh("kubectl taint nodes cp-1 node-role.kubernetes.io/control-plane:NoSchedule-");
      await cluster.counts(3);
      for (const name of ["cp-2", "cp-3"]) await cluster.addNode(name, CP, CONTROL_PLANE_TAINT);
      await sh("kubectl taint nodes cp-1 node-role.kubernetes.io/control-plane:NoSchedule");
      await cluster.removeNodes();
      for (const name of ["cp-1", "cp-2", "cp-3"])
        await cluster.addNode(name, CP, CONTROL_PLANE_TAINT);
      await cluster.counts(0);
      await sh(
        "kubectl taint nodes -l node-role.kubernetes.io/control-plane \\\n  node-role.kubernetes.io/control-plane:NoSchedule-",
      );
      await cluster.counts(3);
    });

    it("Fix 3, an advertisement for workers: accepted as it is written, and doctor says when nobody is one", async () => {
      await sh("kubectl apply -f test/fixtures/seeds/000-worker-only.yaml");
      await sh("ferrolb doctor").then(
        () => expect.fail("doctor is content"),
        (error: unknown) =>
          expect(String(error)).to.contain("no node matches node-role.kubernetes.io/worker="),
      );
      await sh("kubectl delete -f test/fixtures/seeds/000-worker-only.yaml");
    });

    it("verified: Pods on all nodes, counts that match, and doctor is content", async () => {
      await sh("kubectl apply -f deploy/manifests/ferrolb-frr.yaml");
      await threeNodes(CONTROL_PLANE_TAINT);
      await cluster.counts(3);
      await eventually("READY 3", async () => {
        await cluster.runPods();
        return (await cluster.counts(3)).ready === 3;
      });
      const row = (await sh("kubectl get daemonset -n metallb-system speaker")).split("\n")[1];
      expect(row).to.match(/^speaker +3 +3 +3 +3 +3 +kubernetes\.io\/os=linux/);
      await sh("ferrolb doctor");
    });

    it("a new control-plane node: with the toleration it gets a speaker, without it is skipped", async () => {
      await cluster.addNode("cp-2", CP, CONTROL_PLANE_TAINT);
      await cluster.counts(4);
      await sh(FORGET);
      await threeNodes();
      await cluster.counts(3);
      await cluster.addNode("cp-2", CP, CONTROL_PLANE_TAINT);
      await cluster.counts(3);
      await sh(SEED_PATCH);
      await cluster.counts(4);
    });
  });

  describe("which nodes get a speaker", () => {
    const master = { key: "node-role.kubernetes.io/master", effect: "NoSchedule" };
    const addons = { key: "CriticalAddonsOnly", value: "true", effect: "NoExecute" };
    const evict = { key: CONTROL_PLANE, effect: "NoExecute" };
    const own = { key: "example.com/dedicated", value: "db", effect: "NoSchedule" };
    const soft = { key: "example.com/dedicated", effect: "PreferNoSchedule" };
    const taints: [what: string, taints: readonly Taint[]][] = [
      ["none", []],
      ["control-plane", [CONTROL_PLANE_TAINT]],
      ["master, as of old", [master]],
      ["control-plane, and evicting", [CONTROL_PLANE_TAINT, evict]],
      ["CriticalAddonsOnly, as a dedicated k3s server", [addons]],
      ["one added by hand", [own]],
      ["one that only prefers", [soft]],
    ];
    //                      as in `taints`, one digit each: DESIRED of one such node and one plain worker
    const matrix: [flavour: string, desired: string][] = [
      ["frr", "2221112"],
      ["l2", "2221112"],
      ["control-plane", "2221112"],
      ["k3s", "2221212"],
      ["microk8s", "2222112"],
    ];
    before(async () => {
      await cluster.removeNodes();
      for (const [i, [, set]] of taints.entries()) await cluster.addNode(`t-${i}`, CP, ...set);
      await cluster.addNode("w-1");
    });
    for (const [flavour, expected] of matrix)
      it(`${flavour}: ${taints.map(([what], i) => `${what} ${expected[i] === "2" ? "yes" : "no"}`).join(", ")}`, async () => {
        await sh(`kubectl apply -f deploy/manifests/ferrolb-${flavour}.yaml`);
        const wanted = taints.flatMap((_, i) => (expected[i] === "2" ? [`t-${i}`] : []));
        await cluster.counts(wanted.length + 1);
        await eventually("Pods on these nodes and no others", async () => {
          await cluster.runPods();
          const names = await sh(
            "kubectl get pods -n metallb-system -l component=speaker --field-selector=status.phase=Running -o jsonpath='{.items[*].spec.nodeName}'",
          );
          const nodes = [...new Set(names.split(" "))].sort();
          return JSON.stringify(nodes) === JSON.stringify([...wanted, "w-1"].sort());
        });
      });

    it("MicroK8s: one tainted node, DESIRED 1", async () => {
      await cluster.removeNodes();
      await cluster.addNode("only", CP, CONTROL_PLANE_TAINT);
      await cluster.counts(1);
    });

    it("k3s: no taint, shipped values, DESIRED is every node", async () => {
      await sh("kubectl apply -f deploy/manifests/ferrolb-frr.yaml");
      await cluster.removeNodes();
      for (const name of ["server", "agent-1", "agent-2"]) await cluster.addNode(name);
      await cluster.counts(3);
    });

    it("a node selector and a cordoned node are told apart: the one lowers DESIRED, the other does not", async () => {
      await sh("kubectl cordon agent-1");
      await cluster.counts(3);
      await sh("kubectl label nodes server agent-2 edge=yes");
      await sh(
        `kubectl patch daemonset speaker -n metallb-system -p '{"spec":{"template":{"spec":{"nodeSelector":{"edge":"yes"}}}}}'`,
      );
      await cluster.counts(2);
      await sh("kubectl apply -f deploy/manifests/ferrolb-frr.yaml");
    });
  });

  describe("a Service to try it", () => {
    it("create, expose, watch, delete, as the post has it", async () => {
      const log = join(cluster.dir, "controller.log");
      const controller = startProgram(log, "bin/ferrolb", [
        ...["controller", "--kubeconfig", cluster.kube.kubeconfig, "--namespace", NS],
        ...["--webhook-mode=disabled", "--port", "0", "--health-probe-port", "0"],
        ...["--state-dir", join(cluster.dir, "state")],
      ]);
      close.push(() => stopProgram(controller));
      await sh(
        `kubectl apply -f - <<< '{"apiVersion":"metallb.io/v1beta1","kind":"IPAddressPool","metadata":{"name":"default-pool","namespace":"${NS}"},"spec":{"addresses":["203.0.113.200-203.0.113.250"]}}'`,
      );
      await sh("kubectl create deployment test-web --image=nginx");
      const seen = join(cluster.dir, "watch.log");
      const watch = startProgram(seen, cluster.kubectl, [
        ...["--kubeconfig", cluster.kube.kubeconfig, "get", "svc"],
        ...["--watch", "--output-watch-events"],
      ]);
      close.push(() => stopProgram(watch));
      await sh("kubectl expose deployment test-web --type=LoadBalancer --port=80");
      const address = await eventually("an address", async () => {
        const ip = await sh(
          "kubectl get svc test-web -o jsonpath='{.status.loadBalancer.ingress[0].ip}'",
        );
        return ip !== "" && ip;
      });
      expect(address).to.equal("203.0.113.200");
      const used =
        "kubectl get ipaddresspool default-pool -n metallb-system -o jsonpath='{.status.assignedIPv4}'";
      await eventually("one in use", async () => (await sh(used)) === "1");
      expect(await sh("kubectl get ipaddresspool -n metallb-system")).to.match(/default-pool/);
      const shown = await eventually("the watch shows the address", async () => {
        const lines = (await readFile(seen, "utf8"))
          .split("\n")
          .filter((l) => l.includes("test-web"));
        return lines.some((line) => line.includes(address)) && lines;
      });
      expect(shown.map((line) => [line.split(" ")[0], line.includes(address)])).to.deep.equal([
        ["ADDED", false],
        ["MODIFIED", true],
      ]);
      await sh("kubectl delete svc test-web");
      await sh("kubectl delete deployment test-web");
      await eventually("none in use", async () => (await sh(used)) === "0");
    });
  });

  describe("strict ARP", () => {
    it("the line of the reference page turns doctor's warning off", async () => {
      await sh("kubectl create namespace kube-system || true");
      await sh(
        `kubectl create configmap kube-proxy -n kube-system --from-literal=config.conf='kind: KubeProxyConfiguration
mode: ipvs
ipvs:
  strictARP: false'`,
      );
      expect(await sh("ferrolb doctor || true")).to.contain("without strictARP");
      await sh(
        'kubectl get configmap kube-proxy -n kube-system -o yaml | \\\nsed -e "s/strictARP: false/strictARP: true/" | \\\nkubectl apply -f - -n kube-system',
      );
      expect(await sh("ferrolb doctor || true")).not.to.contain("without strictARP");
    });
  });
});
