/**
 * The commands of docs/migrate-from-metallb.md, as they stand there, against a real API server with the real
 * controllers of DaemonSets and Deployments; a loop plays the kubelet and the scheduler.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { execa } from "execa";
import { expect } from "chai";
import { startControllerManager } from "../support/controller-manager.ts";
import { ensureBundle } from "../support/bundle.ts";
import { applyCrds } from "../support/crds.ts";
import { KUBE_BUILD_MS, kubeBinaries, startKube } from "../support/kube.ts";
import type { Kube } from "../support/kube.ts";
import { eventually } from "../support/wait.ts";
import { CLUSTER, METALLB_MANIFEST } from "./stand-in.ts";
import { startKubelet } from "./kubelet.ts";

const PAGE = "docs/migrate-from-metallb.md";

/** The blocks marked as run from here, by the heading above them. */
async function blocks(): Promise<readonly { readonly heading: string; readonly text: string }[]> {
  const page = await readFile(PAGE, "utf8");
  let heading = "";
  return [...page.matchAll(/^#+ (.*)$|^```sh run=changeover\n([\s\S]*?)^```$/gm)].flatMap(
    ([, title, text]) => {
      heading = title ?? heading;
      return text === undefined ? [] : [{ heading, text }];
    },
  );
}

describe("the page about changing over", function () {
  this.timeout(240_000);
  let kube: Kube;
  let dir = "";
  let script: readonly { readonly heading: string; readonly text: string }[] = [];
  let run: (text: string) => Promise<string>;
  const close: (() => unknown)[] = [];

  before(async function () {
    this.timeout(KUBE_BUILD_MS);
    const bin = await kubeBinaries("kube-apiserver", "kube-controller-manager", "kubectl");
    if (bin === null) this.skip(); // kube-apiserver could not be built
    await ensureBundle();
    script = await blocks();
    dir = await mkdtemp(join(tmpdir(), `ferrolb-${process.pid}-page-`));
    close.push(() => rm(dir, { recursive: true, force: true }));
    kube = await startKube(bin);
    close.push(() => kube.stop());
    const controllers = ["daemonset", "deployment", "replicaset", "garbage-collector"];
    const manager = startControllerManager(
      bin,
      kube,
      controllers.map((name) => `${name}-controller`),
    );
    close.push(() => manager.stop());
    const kubelet = startKubelet(kube);
    close.push(() => kubelet.stop());
    for (const part of ["bin", "deploy"]) await execa("ln", ["-s", resolve(part), join(dir, part)]);
    run = async (text) => {
      const env = { KUBECONFIG: kube.kubeconfig, PATH: `${bin}${delimiter}${process.env["PATH"]}` };
      // With a socket as its input, as Node's pipes are, bash takes itself for a remote shell and reads a bashrc.
      const bash = ["--norc", "-euo", "pipefail", "-c", `NODE=worker-1; ${text}`];
      const { all, exitCode } = await execa("bash", bash, {
        ...{ cwd: dir, env, all: true, reject: false, timeout: 180_000 },
      });
      if (exitCode !== 0) throw new Error(`${text}\n-> ${exitCode}: ${all}`);
      return all;
    };
    await applyCrds(kube);
    for (const name of ["metallb.yaml", "metallb-frr.yaml"])
      await writeFile(join(dir, name), METALLB_MANIFEST);
    await writeFile(join(dir, "cluster-before.yaml"), CLUSTER);
    await run("kubectl apply -f metallb.yaml -f cluster-before.yaml");
    // A new Node is tainted until its kubelet says that it is ready.
    await run(`kubectl patch node worker-1 worker-2 --type=merge -p '{"spec":{"taints":null}}'`);
    await run(
      "kubectl patch service web --subresource=status --type=merge " +
        `-p '{"status":{"loadBalancer":{"ingress":[{"ip":"203.0.113.7"}]}}}'`,
    );
    await eventually("MetalLB's Pods are there", async () => (await images()).size === 4, 180_000);
  });
  after(async () => {
    for (const step of close.reverse()) await step();
  });

  /** Image of the first container of each speaker's and the FRR's Pod, by `component node`. */
  const images = async (): Promise<ReadonlyMap<string, string>> => {
    const path = "{.metadata.labels.component} {.spec.nodeName} {.spec.containers[0].image}";
    const text = await run(
      `kubectl -n metallb-system get pods -l component!=controller -o jsonpath='{range .items[*]}${path}{"\\n"}{end}'`,
    );
    const lines = text.split("\n").filter((line) => / \S+ \S/.test(line));
    return new Map(lines.map((line) => [line.replace(/ \S+$/, ""), line.split(" ")[2] ?? ""]));
  };
  const part = async (heading: string): Promise<readonly string[]> => {
    const found = script.filter((block) => block.heading === heading);
    expect(found.length, heading).to.be.greaterThan(0);
    const said: string[] = [];
    for (const { text } of found) said.push(await run(text));
    return said;
  };

  it("has commands", () => expect(script.length).to.be.greaterThan(6));

  it("before: the dump is sound, and every Service keeps its address", async () => {
    const [said = ""] = await part("Before");
    expect(said).to.include("203.0.113.7");
    expect(await readFile(join(dir, "addresses-before.txt"), "utf8")).to.equal(
      "default/web 203.0.113.7\n",
    );
  });

  it("frr-k8s leaves a marked node alone", async () => {
    await part("frr-k8s mode");
    await eventually(
      "one FRR is left",
      async () => {
        const now = [...(await images()).keys()].filter((key) => key.startsWith("frr-k8s"));
        return now.join() === "frr-k8s worker-2";
      },
      60_000,
    );
  });

  it("from the manifest: in place, and only the node that is named", async () => {
    const [hold = ""] = await part("Installed from MetalLB's manifest");
    expect(hold.split("\n").at(-1)).to.equal("OnDelete speaker frr");
    const now = await images();
    expect(now.get("speaker worker-1")).to.match(/^ferrolb\/speaker:/);
    const apis = await kube.request(
      "GET",
      "/apis/rbac.authorization.k8s.io/v1/clusterroles/ferrolb-changeover",
    );
    expect(apis.status, "the extra rights are gone").to.equal(404);
  });

  it("the way back: nothing of ours is left in the way", async () => {
    await part("The way back");
  });
});
