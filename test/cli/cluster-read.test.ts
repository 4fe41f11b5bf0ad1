/**
 * `explain`, `status` and the kubectl plugin on a real API server: what they say of the cluster is what they say of
 * a dump that kubectl made of it. Nothing of FerroLB runs here; what speakers would have written is written by hand.
 */
import { chmod, readFile, writeFile } from "node:fs/promises";
import { delimiter, join, resolve } from "node:path";
import { Ajv } from "ajv";
import { expect } from "chai";
import { execa } from "execa";
import { ensureBundle, ferrolb } from "../support/bundle.ts";
import { NAMESPACE, applyCrds } from "../support/crds.ts";
import { KUBE_BUILD_MS, kubeBinaries, startKube } from "../support/kube.ts";
import type { Kube } from "../support/kube.ts";
import {
  bgpAdvertisement,
  l2Advertisement,
  nodes,
  pool,
  router1,
  router2,
  secret,
  service,
} from "../support/lab-manifests.ts";
import type { Manifest } from "../support/lab-manifests.ts";

const PLURALS: Readonly<Record<string, string>> = {
  BGPAdvertisement: "bgpadvertisements",
  EndpointSlice: "endpointslices",
  SpeakerReport: "speakerreports",
  AnnouncementReport: "announcementreports",
};
const collectionOf = ({ apiVersion, kind, metadata }: Manifest): string => {
  const group = apiVersion === "v1" ? "/api/v1" : `/apis/${apiVersion}`;
  const place = metadata.namespace === undefined ? "" : `/namespaces/${metadata.namespace}`;
  return `${group}${place}/${PLURALS[kind] ?? `${kind.toLowerCase()}s`}`;
};

const report = (kind: string, name: string, status: object): Manifest => ({
  apiVersion: "ferrolb.io/v1alpha1",
  kind,
  metadata: { name, namespace: NAMESPACE },
  status,
});
const speaker = (node: string, session: object): Manifest =>
  report("SpeakerReport", `speaker-${node}`, {
    node,
    members: ["n1", "n2", "n3"],
    sessions: [{ peer: "router-1", neighbor: "198.51.100.1", ...session }],
  });
const UP = { state: "Established", since: "2026-01-01T00:00:00Z", prefixesSent: 2 };

/** Each Service has another answer. */
const OBJECTS: readonly Manifest[] = [
  ...nodes(),
  pool("routed", ["203.0.113.0/28"]),
  pool("flat", ["198.51.100.240/28"], { autoAssign: false }),
  pool("team", ["203.0.113.32/32"], {
    autoAssign: false,
    serviceAllocation: { namespaceSelectors: [{ matchLabels: { team: "payments" } }] },
  }),
  bgpAdvertisement("routed", { ipAddressPools: ["routed"], communities: ["64500:7"] }),
  l2Advertisement("flat", { ipAddressPools: ["flat"] }),
  router1(),
  router2({ passwordSecret: { name: "router-2" } }),
  secret("router-2", "documentation-only"),
  ...service("web"),
  ...service("flat", { annotations: { "metallb.io/address-pool": "flat" } }),
  ...service("lost", { annotations: { "metallb.io/address-pool": "nowhere" } }),
  ...service("team", { annotations: { "metallb.io/address-pool": "team" } }),
  ...service("empty", { on: [] }),
  speaker("n1", { state: "Active", reason: "wrongAS", message: "the router says Bad Peer AS" }),
  speaker("n2", UP),
  speaker("n3", UP),
  report("AnnouncementReport", "web-n3", {
    node: "n3",
    serviceName: "web",
    serviceNamespace: "default",
    bgp: {
      peers: [{ peer: "router-1", intended: true, sent: false, reason: "deniedOutbound", prefixes: ["203.0.113.0/32"] }], // prettier-ignore
    },
  }),
];
const NAMES = ["web", "flat", "lost", "team", "empty"];
/** As docs/explain.md has it, and the password that a person with the right to read it adds. */
const KINDS =
  "svc,endpointslices,nodes,pods,namespaces,ipaddresspools,l2advertisements,bgpadvertisements,bgppeers,bfdprofiles,communities,announcementreports,speakerreports";

describe("people's commands on a live cluster", function () {
  this.timeout(120_000);
  let kube: Kube | null = null;
  let dump = "";
  let withSecrets = "";
  let env: Record<string, string> = {};
  const running = (): Kube => kube ?? expect.fail("no API server");

  const send = async (method: string, path: string, body: unknown): Promise<void> => {
    const type = method === "PATCH" ? { "content-type": "application/merge-patch+json" } : {};
    const { status, body: answer } = await running().request(method, path, body, type);
    expect(status, `${method} ${path}: ${JSON.stringify(answer)}`).to.be.below(400);
  };
  /** As people make one: the status through its own door, no cluster IP of another network. */
  const create = async (manifest: Manifest): Promise<void> => {
    const { spec, status, ...rest } = manifest;
    const { clusterIP: _, ...kept } = (spec ?? {}) as Record<string, unknown>;
    const path = collectionOf(manifest);
    await send("POST", path, { ...rest, ...(spec !== undefined && { spec: kept }) });
    if (status !== undefined)
      await send("PATCH", `${path}/${manifest.metadata.name}/status`, { status });
  };
  const kubectl = (...args: string[]) => execa("kubectl", args, { env, reject: false });
  const same = (
    live: { stdout: string; exitCode?: number | undefined },
    read: { stdout: string; exitCode?: number | undefined },
  ): unknown => {
    expect(live.exitCode).to.equal(read.exitCode);
    expect(live.stdout).to.equal(read.stdout);
    return JSON.parse(live.stdout) as unknown;
  };
  const holdsTo = async (schema: string, value: unknown): Promise<void> => {
    const text = await readFile(`docs/schemas/${schema}.schema.json`, "utf8");
    const fits = new Ajv({ allowUnionTypes: true }).compile(JSON.parse(text) as object);
    expect(fits(value), JSON.stringify(fits.errors)).to.equal(true);
  };

  before(async function () {
    this.timeout(KUBE_BUILD_MS);
    await ensureBundle();
    const bin = await kubeBinaries("kube-apiserver", "kubectl");
    if (bin === null) this.skip();
    kube = await startKube(bin);
    await applyCrds(kube);
    await send("PATCH", "/api/v1/namespaces/default", { metadata: { labels: { team: "web" } } });
    for (const manifest of OBJECTS) await create(manifest);
    env = {
      KUBECONFIG: kube.kubeconfig,
      PATH: [resolve("bin"), bin, process.env["PATH"] ?? ""].join(delimiter),
    };
    const get = async (file: string, ...args: string[]): Promise<string> => {
      const { stdout, stderr, exitCode } = await kubectl("get", ...args, "-o", "yaml");
      expect(exitCode, stderr).to.equal(0);
      const path = join(running().dir, file);
      await writeFile(path, stdout);
      return path;
    };
    dump = await get("dump.yaml", KINDS, "-A");
    withSecrets = await get("secrets.yaml", "secrets", "-n", NAMESPACE);
  });
  after(async function () {
    this.timeout(30_000);
    await kube?.stop();
  });

  it("explain service: the same answer and exit code from the cluster as from its dump", async () => {
    const reasons: Record<string, string> = {};
    for (const name of NAMES) {
      const words = ["explain", "service", `default/${name}`, "-o", "json"];
      const live = await ferrolb([...words, "--kubeconfig", running().kubeconfig]);
      const read = await ferrolb([...words, "-f", dump, "-f", withSecrets]);
      const answer = same(live, read) as { because: { reason: string } };
      await holdsTo("explain", answer);
      reasons[name] = answer.because.reason;
    }
    expect(reasons).to.deep.equal({
      web: "bgp",
      flat: "layer2",
      lost: "unknownPool",
      team: "notAllowed",
      empty: "noEndpoints",
    });
  });

  it("status -o json: every list is that of the dump, and what speakers wrote is in it", async () => {
    const live = await ferrolb(["status", "-o", "json", "--kubeconfig", running().kubeconfig]);
    const read = await ferrolb(["status", "-o", "json", "-f", dump, "-f", withSecrets]);
    const status = same(live, read) as {
      readonly sessions: readonly { peer: string; node: string; state: string; reason: string }[];
      readonly services: readonly { name: string; nextHops: readonly string[] }[];
    };
    await holdsTo("status", status);
    const of = (node: string) =>
      status.sessions.find((s) => s.peer === "router-1" && s.node === node);
    expect(of("n1")).to.include({ state: "Active", reason: "wrongAS" });
    expect(of("n2")).to.include({ state: "Established" });
    expect(status.services.find((s) => s.name === "web")?.nextHops).to.include("n2");
  });

  it("kubectl ferrolb status: kubectl finds the plugin, and it is the same command", async () => {
    const plugin = await kubectl("ferrolb", "status", "-o", "json");
    const own = await ferrolb(["status", "-o", "json"], { env });
    expect(plugin.stderr).to.equal("");
    same(plugin, own);
    const table = await kubectl("ferrolb", "status");
    expect(table.exitCode).to.equal(0);
    for (const name of NAMES) expect(table.stdout).to.contain(`default/${name}`);
    const explained = await kubectl("ferrolb", "explain", "service", "default/lost");
    expect(explained.exitCode).to.equal(1);
    expect(explained.stdout.split("\n")[0]).to.contain("unknownPool");
    const help = await kubectl("ferrolb", "--help");
    expect(help.stdout).to.contain("kubectl ferrolb");
  });

  it("somebody without rights on Secrets and reports is told what was not read, and the rest", async () => {
    const role = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole" };
    const resources = ["services", "nodes", "namespaces", "pods", "endpointslices"];
    await send("POST", "/apis/rbac.authorization.k8s.io/v1/clusterroles", {
      ...role,
      metadata: { name: "reader" },
      rules: [
        { apiGroups: ["", "discovery.k8s.io"], resources, verbs: ["list"] },
        { apiGroups: ["metallb.io"], resources: ["*"], verbs: ["list"] },
      ],
    });
    await send("POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: "reader" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "reader" },
      subjects: [{ kind: "ServiceAccount", name: "reader", namespace: "default" }],
    });
    await send("POST", "/api/v1/namespaces/default/serviceaccounts", {
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name: "reader" },
    });
    const token = await kubectl("create", "token", "reader", "-n", "default");
    expect(token.exitCode, token.stderr).to.equal(0);
    const config = await kubectl("config", "view", "--raw", "-o", "json");
    const file = join(running().dir, "reader.kubeconfig");
    const parsed = JSON.parse(config.stdout) as { users: { user: object }[] };
    for (const user of parsed.users) user.user = { token: token.stdout.trim() };
    await writeFile(file, JSON.stringify(parsed));
    await chmod(file, 0o600);
    const words = ["explain", "service", "default/lost", "-o", "json"];
    const { stdout, stderr, exitCode } = await ferrolb([...words, "--kubeconfig", file]);
    expect(exitCode, stderr).to.equal(1);
    expect(stderr).to.contain("note: not read:").and.to.contain("secrets");
    expect((JSON.parse(stdout) as { because: { reason: string } }).because.reason).to.equal(
      "unknownPool",
    );
  });
});
