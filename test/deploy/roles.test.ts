/** Roles on a real API server: what MetalLB's processes may do while a cluster changes over, and what the page may read. */
import { readFileSync } from "node:fs";
import { expect } from "chai";
import { kubeClient } from "../../src/kube/client.ts";
import { readCluster } from "../../src/kube/read-once.ts";
import { NAMESPACE } from "../support/crds.ts";
import { manifestsIn } from "../support/deploy-tools.ts";
import type { Kube } from "../support/kube.ts";
import { kubeFor } from "../support/kube-test.ts";
import { eventually } from "../support/wait.ts";
import { tokenOf } from "./stage.ts";

type Component = "controller" | "speaker";
const LOOK = "get list watch";
const RBAC = "/apis/rbac.authorization.k8s.io/v1";

/** Rights of MetalLB 0.16.1's own roles that its processes use: who, in the whole cluster or not, what, verbs. */
const NEEDED: readonly (readonly [Component, "cluster" | "own", resource: string, verbs: string])[] = [
  ["controller", "cluster", "services", LOOK],
  ["controller", "cluster", "namespaces", LOOK],
  ["controller", "cluster", "nodes", "list"],
  ["controller", "cluster", "services/status", "update"],
  ["controller", "cluster", "events", "create patch"],
  ["controller", "cluster", "validatingwebhookconfigurations.admissionregistration.k8s.io", "list watch get update"],
  ["controller", "cluster", "customresourcedefinitions.apiextensions.k8s.io", "list watch get update"],
  ["controller", "cluster", "configurationstates.metallb.io", `${LOOK} create update patch delete`],
  ["controller", "cluster", "configurationstates/status.metallb.io", "get update patch"],
  ["controller", "cluster", "tokenreviews.authentication.k8s.io", "create"],
  ["controller", "cluster", "subjectaccessreviews.authorization.k8s.io", "create"],
  ["controller", "own", "secrets", `${LOOK} create update patch delete`],
  ["controller", "own", "deployments.apps", "get"],
  ["controller", "own", "ipaddresspools/status.metallb.io", "update"],
  ["controller", "own", "pods", "get list"],
  ["speaker", "cluster", "services", LOOK],
  ["speaker", "cluster", "endpoints", LOOK],
  ["speaker", "cluster", "nodes", LOOK],
  ["speaker", "cluster", "namespaces", LOOK],
  ["speaker", "cluster", "endpointslices.discovery.k8s.io", LOOK],
  ["speaker", "cluster", "events", "create patch"],
  ["speaker", "cluster", "configurationstates.metallb.io", `${LOOK} create update patch delete`],
  ["speaker", "cluster", "configurationstates/status.metallb.io", "get update patch"],
  ["speaker", "cluster", "servicel2statuses.metallb.io", `${LOOK} create update patch delete`],
  ["speaker", "cluster", "servicel2statuses/status.metallb.io", "get update patch"],
  ["speaker", "cluster", "tokenreviews.authentication.k8s.io", "create"],
  ["speaker", "cluster", "subjectaccessreviews.authorization.k8s.io", "create"],
  ["speaker", "cluster", "frrconfigurations.frrk8s.metallb.io", `${LOOK} create update delete`],
  ["speaker", "own", "servicebgpstatuses.metallb.io", `${LOOK} create update patch delete`],
  ["speaker", "own", "servicebgpstatuses/status.metallb.io", "get update patch"],
  ["speaker", "own", "pods", "get list"],
  ["speaker", "own", "secrets", LOOK],
  ["speaker", "own", "configmaps", LOOK],
  ...(["ipaddresspools", "l2advertisements", "bgpadvertisements", "bgppeers", "bfdprofiles", "communities"] as const).flatMap(
    (plural) =>
      (["controller", "speaker"] as const).map((who) => [who, "own", `${plural}.metallb.io`, LOOK] as const),
  ),
]; // prettier-ignore

describe("roles to add", function () {
  this.timeout(120_000);
  let kube: Kube;

  const install = async (file: string): Promise<void> => {
    for (const object of manifestsIn(readFileSync(file, "utf8")).values()) {
      const { kind, metadata } = object;
      if (!/^(?:Cluster)?Role(?:Binding)?$/.test(kind)) continue;
      const scope = kind.startsWith("Cluster") ? RBAC : `${RBAC}/namespaces/${NAMESPACE}`;
      const { status } = await kube.request("POST", `${scope}/${kind.toLowerCase()}s`, object);
      expect(status, `${kind} ${metadata.name}`).to.equal(201);
    }
  };
  const may = async (who: string, where: string, words: string, verb: string) => {
    const [path = "", ...group] = words.split(".");
    const [resource = "", subresource = ""] = path.split("/");
    const namespace = where === "own" ? NAMESPACE : "";
    const { body } = await kube.request(
      "POST",
      "/apis/authorization.k8s.io/v1/subjectaccessreviews",
      {
        ...{ apiVersion: "authorization.k8s.io/v1", kind: "SubjectAccessReview" },
        spec: {
          user: `system:serviceaccount:${NAMESPACE}:${who}`,
          resourceAttributes: { verb, resource, subresource, group: group.join("."), namespace },
        },
      },
    );
    return (body as { status: { allowed: boolean } }).status.allowed;
  };
  const refused = async (): Promise<readonly string[]> => {
    const found: string[] = [];
    for (const [who, where, resource, verbs] of NEEDED)
      for (const verb of verbs.split(" "))
        if (!(await may(who, where, resource, verb))) found.push(`${who}: ${verb} ${resource}`);
    return found;
  };

  before(async function () {
    kube = await kubeFor(this);
    await install("deploy/manifests/ferrolb-frr.yaml");
  });
  after(() => (kube as Kube | undefined)?.stop());

  it("FerroLB's roles alone are not enough for MetalLB's processes", async () => {
    expect(await refused()).to.include.members([
      "controller: update services/status",
      "speaker: list endpoints",
      "speaker: update frrconfigurations.frrk8s.metallb.io",
    ]);
  });

  it("with metallb-rights.yaml everything that they use is granted, and without it no more than before", async () => {
    const before = await refused();
    await install("deploy/changeover/metallb-rights.yaml");
    await eventually("the roles are in force", async () => (await refused()).length === 0, 30_000, 500).catch(async () => expect(await refused()).to.deep.equal([])); // prettier-ignore
    expect(await may("speaker", "cluster", "services", "update")).to.equal(false);
    expect(await may("speaker", "own", "pods", "delete")).to.equal(false);
    for (const path of ["clusterrolebindings", `namespaces/${NAMESPACE}/rolebindings`])
      await kube.request("DELETE", `${RBAC}/${path}/ferrolb-changeover`);
    await eventually("they are gone", async () => (await refused()).length === before.length, 30_000, 500); // prettier-ignore
  });

  it("the page reads with the controller's account what its component grants, and never a Secret", async () => {
    const accounts = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts`;
    await kube.request("POST", accounts, { metadata: { name: "controller" } });
    const token = await tokenOf(kube, NAMESPACE, "controller");
    const headers = { Authorization: `Bearer ${token}` };
    const credentials = () => Promise.resolve({ ca: kube.ca, headers });
    const client = kubeClient({ server: kube.server, credentials });
    try {
      const unread = async () => (await readCluster(client, NAMESPACE)).unread.map((u) => u.what);
      expect(await unread()).to.include.members(["Event", "configMaps", "endpointSlices"]);
      await install("deploy/kustomize/page/rbac-page.yaml");
      await eventually("the roles are in force", async () => (await unread()).length < 2, 30_000, 500); // prettier-ignore
      expect(await unread()).to.deep.equal(["secrets"]);
    } finally {
      client.close();
    }
  });
});
