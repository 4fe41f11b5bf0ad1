/**
 * Controller and speaker with the rights that the manifests give them, on a real API server that calls the webhooks:
 * nothing they need is missing, nothing they have is unused, and a verb that is missing is named.
 * FERROLB_RIGHTS=all takes every verb away in turn (some 80, minutes); else one of each kind.
 */
import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { renewedCertificates } from "../../src/webhook/certificates.ts";
import { manifestsIn } from "../support/deploy-tools.ts";
import { isRoot } from "../support/lab.ts";
import { KUBE_BUILD_MS, kubeBinaries } from "../support/kube.ts";
import { eventually } from "../support/wait.ts";
import { isUse, rightsIn, roleWithout } from "./audit.ts";
import type { Right, RoleManifest } from "./audit.ts";
import { NAMESPACE, NODE, NODE_IP, ROUTER_IP, startStage, tokenOf } from "./stage.ts";
import type { Component, Daemon, Stage } from "./stage.ts";

const MANIFEST = "deploy/manifests/ferrolb-frr.yaml";
const METALLB = { apiVersion: "metallb.io/v1beta1" };
const inNamespace = (name: string) => ({ metadata: { name, namespace: NAMESPACE } });
const SECRETS = `/api/v1/namespaces/${NAMESPACE}/secrets`;
const CERT = `${SECRETS}/metallb-webhook-cert`;

const CONFIGURATION = [
  {
    ...METALLB,
    kind: "IPAddressPool",
    ...inNamespace("pool"),
    spec: { addresses: ["203.0.113.10-203.0.113.20"] },
  },
  { ...METALLB, kind: "L2Advertisement", ...inNamespace("l2"), spec: {} },
  { ...METALLB, kind: "BGPAdvertisement", ...inNamespace("bgp"), spec: { communities: ["blue"] } },
  {
    ...METALLB,
    kind: "Community",
    ...inNamespace("names"),
    spec: { communities: [{ name: "blue", value: "64500:1" }] },
  },
  {
    apiVersion: "metallb.io/v1beta2",
    kind: "BGPPeer",
    ...inNamespace("router"),
    spec: {
      myASN: 64500,
      peerASN: 64501,
      peerAddress: ROUTER_IP,
      passwordSecret: { name: "bgp-password" },
    },
  },
];
const PASSWORD = {
  apiVersion: "v1",
  kind: "Secret",
  type: "kubernetes.io/basic-auth",
  ...inNamespace("bgp-password"),
  stringData: { username: "", password: "blue" },
};
const pod = (name: string, component: Component) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace: NAMESPACE, labels: { app: "metallb", component } },
  spec: { nodeName: NODE, containers: [{ name: component, image: `ferrolb/${component}` }] },
});
const web = (name: string) => [
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace: "default" },
    spec: { type: "LoadBalancer", ports: [{ port: 80 }] },
  },
  {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      name,
      namespace: "default",
      labels: { "kubernetes.io/service-name": name },
    },
    addressType: "IPv4",
    ports: [{ port: 80 }],
    endpoints: [{ addresses: ["192.0.2.50"], nodeName: NODE, conditions: { ready: true } }],
  },
];

/** What the speaker of a Node that is gone has left. */
const LEFT = [
  ["metallb.io/v1beta1", "ServiceL2Status", "metallb.io/node"],
  ["metallb.io/v1beta1", "ServiceBGPStatus", "metallb.io/node"],
  ["metallb.io/v1beta1", "ConfigurationState", "metallb.io/node-name"],
  ["ferrolb.io/v1alpha1", "AnnouncementReport", "metallb.io/node"],
  ["ferrolb.io/v1alpha1", "SpeakerReport", "metallb.io/node"],
].map(([apiVersion, kind, label = ""]) => ({
  ...{ apiVersion, kind },
  metadata: { name: "left-by-gone", namespace: NAMESPACE, labels: { [label]: "gone" } },
}));

const SHIPPED = manifestsIn(readFileSync(MANIFEST, "utf8"));
const rolesOf = (component: Component): RoleManifest[] =>
  [`ClusterRole /${NAMESPACE}:${component}`, `Role ${NAMESPACE}/${component}`].map(
    (key) => SHIPPED.get(key) as RoleManifest,
  );
const rightsOf = (component: Component): readonly Right[] => rolesOf(component).flatMap(rightsIn);

describe("the rights of an installation", function () {
  this.timeout(240_000);
  let stage: Stage;
  const daemons = new Map<Component, Daemon>();

  before(async function () {
    this.timeout(KUBE_BUILD_MS);
    if (!isRoot()) this.skip(); // namespaces need root
    const bin = await kubeBinaries("kube-apiserver", "kubectl");
    if (bin === null) this.skip(); // kube-apiserver could not be built
    stage = await startStage(bin, MANIFEST);
    await stage.apply({ apiVersion: "v1", kind: "Node", metadata: { name: NODE } });
    await stage.kubectl("create", "namespace", "default").catch(() => undefined);
    await stage.apply(pod("controller-0", "controller"));
    await stage.apply(pod(`speaker-${NODE}`, "speaker"));
    const ip = { status: { phase: "Running", podIP: NODE_IP, podIPs: [{ ip: NODE_IP }] } };
    await patch(`/api/v1/namespaces/${NAMESPACE}/pods/speaker-${NODE}/status`, ip);
  });
  after(async function () {
    this.timeout(60_000);
    for (const daemon of daemons.values()) await daemon.stop("SIGKILL");
    await stage.close();
  });
  afterEach(async function () {
    if (this.currentTest?.state !== "failed") return;
    for (const [name, daemon] of daemons)
      console.log(`${name}:\n${(await daemon.log()).slice(-3000)}`);
  });

  const patch = (path: string, body: unknown) =>
    stage.kube.request("PATCH", path, body, { "content-type": "application/merge-patch+json" });
  const get = async (path: string): Promise<unknown> => {
    const { status, body } = await stage.kube.request("GET", path);
    return status === 200 ? body : undefined;
  };
  const start = async (component: Component): Promise<Daemon> => {
    const daemon = await stage.start(component);
    daemons.set(component, daemon);
    return daemon;
  };
  const stop = async (component: Component): Promise<number | null> => {
    const daemon = daemons.get(component);
    daemons.delete(component);
    return (await daemon?.stop()) ?? null;
  };
  const ready = (component: Component) =>
    eventually(
      `${component} is ready`,
      async () => (await daemons.get(component)?.probe("readyz")) === 200,
      60_000,
    );
  const addressOf = (name: string) =>
    eventually(
      `${name} has an address`,
      async () => {
        const service = (await get(`/api/v1/namespaces/default/services/${name}`)) as {
          status?: { loadBalancer?: { ingress?: { ip: string }[] } };
        };
        return service.status?.loadBalancer?.ingress?.[0]?.ip;
      },
      60_000,
    );
  const reportsOn = async (plural: string, name: string): Promise<number> => {
    const found = (await get(
      `/apis/metallb.io/v1beta1/namespaces/${NAMESPACE}/${plural}?labelSelector=metallb.io/service-name=${name}`,
    )) as { items: { status?: object }[] } | undefined;
    return found?.items.filter((item) => item.status !== undefined).length ?? 0;
  };
  const expose = async (name: string): Promise<void> => {
    for (const object of web(name)) await stage.apply(object);
  };
  const remove = (name: string) =>
    stage.kubectl("delete", "service,endpointslice", "-n", "default", name, "--wait=false");

  it("the controller starts with nothing but the manifest, and serves the webhooks", async () => {
    await start("controller");
    await ready("controller");
    await eventually(
      "webhooks are called",
      async () => {
        const bad = {
          ...METALLB,
          kind: "IPAddressPool",
          ...inNamespace("bad"),
          spec: { addresses: ["x"] },
        };
        const path = `/apis/metallb.io/v1beta1/namespaces/${NAMESPACE}/ipaddresspools?dryRun=All`;
        const { body } = await stage.kube.request("POST", path, bad);
        return /denied the request/.test((body as { message?: string }).message ?? "");
      },
      60_000,
    );
    await stage.kube.request("POST", SECRETS, PASSWORD);
    for (const object of CONFIGURATION) await stage.apply(object);
    await stage.kubectl("get", `bgppeers.v1beta1.metallb.io`, "-n", NAMESPACE, "router");
  });

  it("a Secret for the speakers, and an owner for it", async () => {
    const secret = (await eventually("the Secret", () => get(`${SECRETS}/memberlist`))) as {
      data: { secretkey: string };
      metadata: { ownerReferences: { kind: string; name: string }[] };
    };
    expect(secret.metadata.ownerReferences[0]).to.include({
      kind: "Deployment",
      name: "controller",
    });
    await mkdir(join(stage.dir, "ml"));
    await writeFile(join(stage.dir, "ml/secretkey"), Buffer.from(secret.data.secretkey, "base64"));
  });

  it("the speaker starts with nothing but the manifest, and announces by BGP and at L2", async () => {
    await start("speaker");
    await ready("speaker");
    await expose("web");
    const ip = await addressOf("web");
    await eventually(
      "the route at the router",
      async () => {
        const table = await stage.router.vtysh("show bgp ipv4 unicast json");
        return table.includes(`"${ip}/32"`);
      },
      90_000,
    );
    for (const plural of ["servicel2statuses", "servicebgpstatuses"])
      await eventually(plural, async () => (await reportsOn(plural, "web")) === 1, 60_000);
  });

  it("what goes and comes again is withdrawn, announced and counted again", async () => {
    await remove("web");
    await eventually(
      "no report is left",
      async () => {
        const left = await Promise.all(
          ["servicel2statuses", "servicebgpstatuses"].map((plural) => reportsOn(plural, "web")),
        );
        return left.every((n) => n === 0);
      },
      60_000,
    );
    await expose("web");
    await addressOf("web");
    for (const source of ["metallb-controller", "metallb-speaker"])
      await eventually(
        `an event of ${source} counts two`,
        async () => {
          const { items } = (await get("/api/v1/namespaces/default/events")) as {
            items: { count: number; source: { component: string } }[];
          };
          return items.some((e) => e.source.component === source && e.count > 1);
        },
        60_000,
      );
  });

  it("metrics are for those whom the API server says may read them", async () => {
    await stage.kubectl("apply", "-f", "deploy/kustomize/prometheus/rbac-prometheus.yaml");
    await stage.kubectl("create", "namespace", "monitoring");
    for (const name of ["prometheus-k8s", "stranger"])
      await stage.kubectl("create", "serviceaccount", "-n", "monitoring", name);
    const scraper = await tokenOf(stage.kube, "monitoring", "prometheus-k8s");
    const stranger = await tokenOf(stage.kube, "monitoring", "stranger");
    for (const [name, daemon] of daemons) {
      expect(await daemon.metrics(scraper), name).to.equal(200);
      expect(await daemon.metrics(stranger), name).to.equal(403);
      expect(await daemon.metrics("nobody"), name).to.equal(401);
    }
  });

  it("certificates that end soon are renewed: the Secret, what the API server trusts, and the server", async () => {
    const before = await get(CERT);
    await stop("controller");
    const old = new Date(Date.now() - 300 * 24 * 3600 * 1000); // the server's live for a year
    const name = `metallb-webhook-service.${NAMESPACE}.svc`;
    const { data } = await renewedCertificates({}, name, old);
    const encoded = Object.entries(data).map(([k, v]) => [k, Buffer.from(v).toString("base64")]);
    await patch(CERT, { data: Object.fromEntries(encoded) as object });
    await start("controller");
    await eventually(
      "a new certificate",
      async () => {
        const now = (await get(CERT)) as { data: Record<string, string> };
        return now.data["tls.crt"] !== Buffer.from(data["tls.crt"]).toString("base64");
      },
      60_000,
    );
    await eventually(
      "the API server trusts it",
      async () => {
        const pool = {
          ...CONFIGURATION[0],
          ...inNamespace("bad"),
          spec: { addresses: ["203.0.113.15/32"] },
        };
        const path = `/apis/metallb.io/v1beta1/namespaces/${NAMESPACE}/ipaddresspools?dryRun=All`;
        const { body } = await stage.kube.request("POST", path, pool);
        return /overlap/.test((body as { message?: string }).message ?? "");
      },
      60_000,
    );
    expect(before).not.to.equal(undefined);
  });

  it("many status objects are removed at once", async () => {
    const more = ["a", "b", "c", "d", "e"];
    for (const name of more) await expose(name);
    for (const plural of ["servicel2statuses", "servicebgpstatuses"])
      for (const name of more)
        await eventually(plural, async () => (await reportsOn(plural, name)) === 1, 60_000);
    await stage.kubectl("delete", "bgpadvertisement", "-n", NAMESPACE, "bgp");
    await eventually(
      "none is left",
      async () => (await reportsOn("servicebgpstatuses", "a")) === 0,
    );
  });

  it("what the speaker of a Node that is gone has left is removed", async () => {
    for (const object of LEFT) await stage.apply(object);
    await stage.apply({ apiVersion: "v1", kind: "Node", metadata: { name: "another" } });
    const left = async (): Promise<string> => {
      const kinds = LEFT.map(({ kind }) => kind).join();
      return stage.kubectl("get", kinds, "-n", NAMESPACE, "-o", "name");
    };
    await eventually("it is gone", async () => !(await left()).includes("left-by-gone"), 60_000);
    await stage.kubectl("delete", "node", "another");
  });

  it("both leave within five seconds when asked", async () => {
    expect(await stop("speaker")).to.equal(0);
    expect(await stop("controller")).to.equal(0);
  });

  for (const component of ["controller", "speaker"] as const) {
    it(`the ${component} was refused nothing`, async () => {
      const refused = (await stage.calls(component)).filter((call) => call.status === 403);
      expect([...new Set(refused.map((c) => `${c.verb} ${c.resource} ${c.name}`))]).to.deep.equal(
        [],
      );
    });

    it(`the ${component} has no right that it does not use`, async () => {
      const calls = await stage.calls(component);
      const unused = rightsOf(component).filter(
        (right) =>
          !calls.some((call) =>
            // Whether five of a kind go in one pass or one by one is a matter of time: any kind shows the need.
            right.verb === "deletecollection" ? call.verb === right.verb : isUse(call, right),
          ),
      );
      expect(
        unused.map(({ kind, verb, resource, names }) => [kind, verb, resource, ...names].join(" ")),
      ).to.deep.equal([]);
    });
  }

  /** Makes everything that was settled be done again. */
  const stir = async (component: Component): Promise<void> => {
    await remove("web").catch(() => undefined);
    const kinds = ["configurationstates", "servicel2statuses", "announcementreports"];
    await stage.kubectl("delete", kinds.join(","), "-n", NAMESPACE, "--all");
    if (component === "controller") {
      for (const object of LEFT) await stage.apply(object);
      await stage.kubectl(
        "delete",
        "-n",
        NAMESPACE,
        "--ignore-not-found",
        "secret/memberlist",
        "lease/ferrolb-controller",
      );
      await patch(CERT, { data: null });
    }
    await expose("web");
  };
  /** What comes a second time while the daemon runs. */
  const poke = async (component: Component, daemon: Daemon): Promise<void> => {
    const show = async () => {
      if (component === "speaker")
        await patch("/api/v1/namespaces/default/services/web/status", {
          status: { loadBalancer: { ingress: [{ ip: "203.0.113.10" }] } },
        });
    };
    await show();
    await sleep(1500);
    await remove("web");
    await sleep(500);
    await expose("web");
    await show();
    await daemon.metrics(await tokenOf(stage.kube, "monitoring", "stranger"));
  };
  const allowed = async (component: Component, right: Right): Promise<boolean> => {
    const [path = "", ...group] = right.resource.split(".");
    const [resource = "", subresource] = path.split("/");
    const { body } = await stage.kube.request(
      "POST",
      "/apis/authorization.k8s.io/v1/subjectaccessreviews",
      {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SubjectAccessReview",
        spec: {
          user: `system:serviceaccount:${NAMESPACE}:${component}`,
          resourceAttributes: {
            ...{
              verb: right.verb,
              resource,
              group: group.join("."),
              namespace: right.kind === "Role" ? NAMESPACE : "",
            },
            ...(subresource !== undefined && { subresource }),
            ...(right.names[0] !== undefined && { name: right.names[0] }),
          },
        },
      },
    );
    return (body as { status: { allowed: boolean } }).status.allowed;
  };
  const roleIs = async (component: Component, right: Right, there: boolean): Promise<void> => {
    const role =
      rolesOf(component).find(({ kind }) => kind === right.kind) ?? expect.fail("no role");
    const scope = right.kind === "Role" ? `namespaces/${NAMESPACE}/roles` : "clusterroles";
    const path = `/apis/rbac.authorization.k8s.io/v1/${scope}/${right.role}`;
    const { status } = await stage.kube.request(
      "PUT",
      path,
      there ? role : roleWithout(role, right),
    );
    expect(status).to.equal(200);
    await eventually(
      "the role is in force",
      async () => (await allowed(component, right)) === there,
    );
  };
  const words = ({ verb, resource, names }: Right) => [verb, resource, ...names].join(" ");
  const SAMPLE: Readonly<Record<Component, readonly string[]>> = {
    controller: ["list services", "patch services/status", "create secrets"],
    speaker: [
      "watch endpointslices.discovery.k8s.io",
      "get pods",
      "create servicel2statuses.metallb.io",
    ],
  };

  for (const component of ["controller", "speaker"] as const)
    describe(`the ${component} without one right`, () => {
      for (const right of rightsOf(component).filter(
        (r) => process.env["FERROLB_RIGHTS"] === "all" || SAMPLE[component].includes(words(r)),
      ))
        it(`${words(right)}: says which, names the role, and goes on`, async () => {
          await roleIs(component, right, false);
          try {
            await stir(component);
            const daemon = await start(component);
            await eventually(
              "it lives",
              async () => (await daemon.probe("healthz")) === 200,
              60_000,
            );
            await poke(component, daemon);
            const role =
              right.kind === "Role"
                ? `Role \\"${right.role}\\" in \\"${NAMESPACE}\\"`
                : `ClusterRole \\"${right.role}\\"`;
            await eventually(`a line about ${words(right)}`, async () => {
              const lines = (await daemon.log()).split("\n");
              return lines.some(
                (line) =>
                  line.includes(`the right to ${right.verb} ${right.resource} `) &&
                  line.includes(`the shipped ${role} grants it`),
              );
            });
            expect(daemon.child.exitCode, "it ended").to.equal(null);
            expect(await daemon.probe("healthz")).to.equal(200);
          } finally {
            await stop(component);
            await roleIs(component, right, true);
          }
        });
    });
});
