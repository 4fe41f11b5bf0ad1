/**
 * The blocks that want a cluster, as they stand on their pages and in their order, on a real API server with the real
 * DaemonSet controller. Words in capitals are given what a reader would put there; Pods are made to run by the test.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join, normalize, resolve } from "node:path";
import { expect } from "chai";
import { CONTROL_PLANE, CONTROL_PLANE_TAINT, startCluster } from "../deploy/cluster.ts";
import type { Cluster } from "../deploy/cluster.ts";
import { ensureBundle } from "../support/bundle.ts";
import { deployTools } from "../support/deploy-tools.ts";
import { eventually } from "../support/wait.ts";
import { KUBE_BUILD_MS, kubeBinaries } from "../support/kube.ts";
import { blocksOf, blocksRunBy } from "./blocks.ts";
import type { Block } from "./blocks.ts";

const NS = "metallb-system";
const TAINT = `${CONTROL_PLANE}:NoSchedule`;
/** As people come to the pages. */
const ORDER = ["README.md", "docs/install.md", "docs/control-plane-nodes.md", "docs/explain.md"];
/** The Service default/web, with all that it needs to be served at layer 2. */
const SERVED = {
  apiVersion: "v1",
  kind: "List",
  items: [
    {
      apiVersion: "metallb.io/v1beta1",
      kind: "IPAddressPool",
      metadata: { name: "public", namespace: NS },
      spec: { addresses: ["203.0.113.10/32"] },
    },
    {
      apiVersion: "metallb.io/v1beta1",
      kind: "L2Advertisement",
      metadata: { name: "public", namespace: NS },
      spec: { ipAddressPools: ["public"] },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "web", namespace: "default" },
      spec: { type: "LoadBalancer", ports: [{ port: 80 }] },
    },
    {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: {
        name: "web-1",
        namespace: "default",
        labels: { "kubernetes.io/service-name": "web" },
      },
      addressType: "IPv4",
      endpoints: [{ addresses: ["192.0.2.101"], nodeName: "w-1", conditions: { ready: true } }],
    },
  ],
};
/** kubectl, but a watch ends after a while, and so does curl's wait for nobody. */
const PRELUDE = `kubectl() { case " $* " in *" --watch "*) timeout 5 kubectl "$@" || [ $? = 124 ];; *) command kubectl "$@";; esac; }
set -eo pipefail
`;

describe("documentation that wants a cluster", function () {
  this.timeout(240_000);
  let cluster: Cluster;
  let place: (command: string) => string;
  const close: (() => unknown)[] = [];

  /** Serves a directory, as a chart repository, and "/" as a web server would. */
  const serve = async (dir: string): Promise<string> => {
    const server = createServer((request, response) => {
      const path = normalize(request.url ?? "");
      readFile(join(dir, path)).then(
        (content) => response.end(content),
        () => response.writeHead(path === "/" ? 200 : 404).end(),
      );
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    close.push(() => server.close());
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const run = async ({ content, exit }: Pick<Block, "content" | "exit">): Promise<string> => {
    const command = `cd ${cluster.dir}/page\n${PRELUDE}${place(content)}`;
    return exit === 0 ? cluster.sh(command) : cluster.sh(`! (${command}\n)`);
  };

  before(async function () {
    this.timeout(KUBE_BUILD_MS);
    const tools = await deployTools();
    const bin = await kubeBinaries("kube-apiserver", "kube-controller-manager", "kubectl");
    if (tools === null || bin === null) this.skip(); // they could not be built
    await ensureBundle();
    cluster = await startCluster(bin, tools);
    close.push(() => cluster.close());
    const page = join(cluster.dir, "page");
    await mkdir(join(page, "manifests"), { recursive: true });
    for (const part of ["bin", "deploy", "docs"])
      await cluster.sh(`ln -s ${resolve(part)} ${join(page, part)}`);
    const [values] = (await blocksOf("docs/control-plane-nodes.md")).filter(
      (b) => b.language === "yaml" && b.content.startsWith("# helm-values.yaml"),
    );
    await writeFile(join(page, "helm-values.yaml"), values?.content ?? "");
    const repository = join(cluster.dir, "repo");
    await cluster.sh(`mkdir ${repository} && helm package deploy/helm/ferrolb -d ${repository} && helm repo index ${repository}`); // prettier-ignore
    const address = await serve(repository);
    await cluster.sh(`helm repo add metallb http://${address}`);
    place = (command) =>
      command
        .replaceAll("REGISTRY", "registry.example.com")
        .replace(/\bADDRESS\b/g, address)
        .replace(/\bNODE\b/g, "cp-1");
    await cluster.addNode("cp-1", { [CONTROL_PLANE]: "" }, CONTROL_PLANE_TAINT);
    for (const name of ["w-1", "w-2"]) await cluster.addNode(name);
    await cluster.sh("kubectl create namespace kube-system || true");
    await cluster.sh("kubectl create configmap kube-proxy -n kube-system --from-literal=config.conf='mode: ipvs\nipvs:\n  strictARP: false'"); // prettier-ignore
  });
  after(async () => {
    for (const step of close.reverse()) await step();
  });

  /** Until every speaker that is wanted runs. */
  const settled = async (): Promise<string> => {
    await eventually("every Pod runs", async () => {
      await cluster.runPods();
      const { ready, upToDate } = await cluster.counts(3);
      const running = await cluster.sh(
        `kubectl get pods -n ${NS} -l component=speaker --no-headers -o custom-columns=P:.status.phase,N:.spec.nodeName,D:.metadata.deletionTimestamp`,
      );
      const lines = running.split("\n").filter((line) => /^Running +\S+ +<none>/.test(line));
      return ready === 3 && upToDate === 3 && lines.length === 3 && running.trim().split("\n").length === 3; // prettier-ignore
    });
    return "true";
  };
  const served = async (): Promise<string> => {
    await writeFile(join(cluster.dir, "world.json"), JSON.stringify(SERVED));
    await cluster.sh(`kubectl apply -f ${cluster.dir}/world.json`);
    await cluster.sh(
      `kubectl patch service web --subresource=status --type=merge -p '{"status":{"loadBalancer":{"ingress":[{"ip":"203.0.113.10"}]}}}'`,
    );
    return "kubectl get svc,endpointslices,nodes,pods,ipaddresspools,l2advertisements -A -o yaml > manifests/world.yaml";
  };
  const everything = "kubectl get -f deploy/manifests/ferrolb-frr.yaml -o name | grep -v ^namespace/ | xargs kubectl delete -n metallb-system"; // prettier-ignore
  /** What a reader has done before: the beginning of a block, and what comes before it. */
  const BEFORE: readonly [block: string, () => Promise<string>][] = [
    ["helm install metallb", () => Promise.resolve(everything)],
    ["kubectl get pods -n metallb-system\nkubectl get daemonset", settled],
    ["kubectl taint nodes -l", () => Promise.resolve(`kubectl taint nodes cp-1 ${TAINT}`)],
    [
      "kubectl get pods -n metallb-system -l component=speaker -o wide\nkubectl get daemonset",
      settled,
    ],
    ["ferrolb explain service default/web ", served],
  ];

  it("every block, in the order of the pages", async () => {
    const blocks = await blocksRunBy("cluster");
    expect([...new Set(blocks.map(({ page }) => page))].sort()).to.deep.equal([...ORDER].sort());
    for (const page of ORDER)
      for (const block of blocks.filter((b) => b.page === page)) {
        const before = BEFORE.find(([start]) => block.content.startsWith(start))?.[1];
        if (before !== undefined) await run({ content: await before(), exit: 0 });
        const said = await run(block);
        console.log(`      ${page}:${block.line}: ${block.content.split("\n")[0] ?? ""}`);
        if (block.output !== null) expect(said.trimEnd()).to.equal(block.output);
      }
  });

  it("left what the pages promise", async () => {
    expect(await cluster.sh("kubectl get configmap kube-proxy -n kube-system -o yaml")).to.contain("strictARP: true"); // prettier-ignore
    const keys = await cluster.sh("kubectl get daemonset speaker -n metallb-system -o jsonpath='{.spec.template.spec.tolerations[*].key}'"); // prettier-ignore
    expect(keys.split(" ").slice(-1)).to.deep.equal([CONTROL_PLANE]);
    expect(await cluster.sh("kubectl get deployments,services -n default -o name")).not.to.contain("test-web"); // prettier-ignore
  });
});
