/** The manifests as shipped on a real API server, which calls our admission and conversion webhooks. */
import { readFileSync, readdirSync } from "node:fs";
import { expect } from "chai";
import { parseAllDocuments } from "yaml";
import { serveWebhooks } from "../../src/cli/webhooks.ts";
import { loadKubeConfig } from "../../src/kube/access.ts";
import { kubeClient } from "../../src/kube/client.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { readExisting } from "../../src/kube/existing.ts";
import { webhookObjects } from "../../src/kube/webhook-objects.ts";
import { createLog } from "../../src/observability/log.ts";
import { admit } from "../../src/webhook/admit.ts";
import { certificateNeed } from "../../src/webhook/certificate-need.ts";
import type { CertificateData } from "../../src/webhook/certificate-need.ts";
import { requestOf } from "../../src/webhook/review.ts";
import { listsReviewed } from "../../src/webhook/reviewed-snapshot.ts";
import { settleCertificates } from "../../src/webhook/rotation.ts";
import { startWebhookServer } from "../../src/webhook/server.ts";
import type { WebhookServer } from "../../src/webhook/server.ts";
import { bfd, community, l2, oldPeer, peer, pool, bgp } from "../api/schema-cases.ts";
import type { Manifest } from "../api/schema-cases.ts";
import { KUBE_BUILD_MS, kubeBinaries, startKube } from "../support/kube.ts";
import type { Kube, KubeResponse } from "../support/kube.ts";
import { eventually } from "../support/wait.ts";

const NAMESPACE = "metallb-system";
const NAME = `metallb-webhook-service.${NAMESPACE}.svc`;
const CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const SECRET = `/api/v1/namespaces/${NAMESPACE}/secrets/metallb-webhook-cert`;
const PLURAL: Readonly<Record<string, string>> = {
  IPAddressPool: "ipaddresspools",
  L2Advertisement: "l2advertisements",
  BGPAdvertisement: "bgpadvertisements",
  BGPPeer: "bgppeers",
  BFDProfile: "bfdprofiles",
  Community: "communities",
};
/** No kube-proxy runs here: Services live in 127/8, where any address is ours. One network per test process. */
const NETWORK = `127.${(process.pid % 100) + 100}.${Math.floor(process.pid / 100) % 250}`;
const SERVICE_IP = `${NETWORK}.10`;

const manifests = (file: string): Record<string, unknown>[] =>
  parseAllDocuments(readFileSync(file, "utf8")).map((d) => d.toJS() as Record<string, unknown>);

describe("webhooks on a real API server", function () {
  this.timeout(120_000);
  let kube: Kube | undefined;
  let client: KubeClient | undefined;
  let server: WebhookServer | undefined;
  const failures: unknown[] = [];
  const running = (): Kube => kube ?? expect.fail("not started");
  const ports = () =>
    webhookObjects(client ?? expect.fail("not started"), {
      namespace: NAMESPACE,
      secret: "metallb-webhook-cert",
      configuration: "metallb-webhook-configuration",
      crd: "bgppeers.metallb.io",
    });
  const review = async (request: unknown) => {
    const lists = listsReviewed(requestOf(request)?.kind ?? "");
    const existing = await readExisting(client ?? expect.fail("not started"), NAMESPACE, lists);
    return admit(request, existing);
  };

  const pathOf = ({ apiVersion, kind }: Manifest, namespace = NAMESPACE) =>
    `/apis/${apiVersion}/namespaces/${namespace}/${PLURAL[kind] ?? ""}`;
  const named = (m: Manifest, name: string, namespace = NAMESPACE): Manifest => ({
    ...m,
    metadata: { name, namespace },
  });
  const create = (m: Manifest, name: string) =>
    running().request("POST", pathOf(m), named(m, name));
  const remove = (m: Manifest, name: string) => running().request("DELETE", `${pathOf(m)}/${name}`);
  const said = ({ status, body }: KubeResponse): string =>
    `${status} ${(body as { message?: string }).message ?? JSON.stringify(body)}`;
  const specOf = ({ body }: KubeResponse): unknown => (body as { spec?: unknown }).spec;

  before(async function () {
    this.timeout(KUBE_BUILD_MS);
    const bin = await kubeBinaries("kube-apiserver");
    if (bin === null) this.skip();
    kube = await startKube(bin, [`--service-cluster-ip-range=${NETWORK}.0/24`]);
    client = kubeClient(loadKubeConfig(kube.kubeconfig));
    for (const name of [NAMESPACE, "other"])
      await client.request("POST", "/api/v1/namespaces", { metadata: { name } });
    for (const file of readdirSync("deploy/kustomize/crds").filter((f) => f.includes("io_")))
      for (const crd of manifests(`deploy/kustomize/crds/${file}`))
        await client.request("POST", CRDS, crd);
    const [service, secret] = manifests("deploy/kustomize/webhook/service.yaml");
    await client.request("POST", `/api/v1/namespaces/${NAMESPACE}/services`, {
      ...service,
      spec: { ...(service?.["spec"] as object), clusterIP: SERVICE_IP },
    });
    await client.request("POST", `/api/v1/namespaces/${NAMESPACE}/secrets`, secret);
    const configurations = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
    for (const made of manifests("deploy/kustomize/webhook/configuration.yaml"))
      await client.request("POST", configurations, made);
    for (const plural of Object.values(PLURAL)) {
      const path = `/apis/metallb.io/v1beta1/namespaces/${NAMESPACE}/${plural}`;
      if (plural === "bgppeers") continue; // asks the conversion webhook once there are any
      await eventually(path, async () => (await running().request("GET", path)).status === 200);
    }
  });
  after(async () => {
    await server?.close();
    client?.close();
    await kube?.stop();
  });

  it("blocks nobody while nobody serves: failurePolicy Ignore, as shipped", async () => {
    expect((await create(l2({}), "open")).status).to.equal(201);
    await remove(l2({}), "open");
  });

  it("refuses everything while nobody serves where an operator chose Fail", async () => {
    const path =
      "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/metallb-webhook-configuration";
    const { body } = await running().request("GET", path);
    const { webhooks } = body as { webhooks: object[] };
    await client?.patch(path, {
      webhooks: webhooks.map((w) => ({ ...w, failurePolicy: "Fail" })),
    });
    await eventually("the configuration is in force", async () => {
      const answer = await create(l2({}), "early");
      if (answer.status === 500) return true;
      await remove(l2({}), "early");
      return false;
    });
  });

  it("makes certificates, tells the API server, and is called", async () => {
    const data = await settleCertificates(ports(), NAME, new Date());
    server = await startWebhookServer(
      { host: SERVICE_IP, port: 443, minVersion: "TLSv1.3", http2: false },
      { cert: data["tls.crt"], key: data["tls.key"] },
      review,
      (error) => failures.push(error),
    );
    await eventually("the API server trusts the CA", async () => {
      const answer = await create(l2({}), "first");
      return answer.status === 201 || answer.status === 409;
    });
  });

  it("a second pass writes nothing", async () => {
    const versions = async () => {
      const paths = [
        SECRET,
        "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/metallb-webhook-configuration",
        `${CRDS}/bgppeers.metallb.io`,
      ];
      const bodies = await Promise.all(paths.map((path) => running().request("GET", path)));
      return bodies.map(
        ({ body }) => (body as { metadata: { resourceVersion: string } }).metadata.resourceVersion,
      );
    };
    const before = await versions();
    await settleCertificates(ports(), NAME, new Date());
    expect(await versions()).to.deep.equal(before);
  });

  describe("admission", () => {
    const good = pool({ addresses: ["192.0.2.0/25"] });
    before(async () => {
      const made = await create(good, "holder");
      expect(made.status, said(made)).to.equal(201);
    });

    const cases: [rule: string, given: string, manifest: Manifest, refused: boolean][] = [
      ["V30", "a pool that overlaps", pool({ addresses: ["192.0.2.64/26"] }), true],
      ["V30", "a pool beside it", pool({ addresses: ["192.0.2.128/25"] }), false],
      ["V26", "a pool entry that is none", pool({ addresses: ["192.0.2.300/24"] }), true],
      [
        "V28",
        "a range that ends before it starts",
        pool({ addresses: ["192.0.2.9-192.0.2.1"] }),
        true,
      ],
      [
        "V20",
        "an L2Advertisement that names a pool twice",
        l2({ ipAddressPools: ["a", "a"] }),
        true,
      ],
      ["V43", "an aggregation shorter than the pool", bgp({ aggregationLength: 24 }), true],
      ["V43", "an aggregation that fits", bgp({ aggregationLength: 25 }), false],
      [
        "V57",
        "an alias for an alias",
        community({ communities: [{ name: "x", value: "gold" }] }),
        true,
      ],
      ["V57", "an alias", community({ communities: [{ name: "x", value: "64512:1" }] }), false],
      ["V72", "a peer at a bad address", peer({ peerAddress: "192.0.2.256" }), true],
      ["V72", "a peer", peer({}), false],
      ["V73", "a peer through v1beta1, after conversion", oldPeer({ routerID: "999.1.1.1" }), true],
    ];
    for (const [rule, given, manifest, refused] of cases)
      it(`${rule}: ${given} -> ${refused ? "refused" : "accepted"}`, async () => {
        const answer = await create(manifest, "candidate");
        if (!refused) await remove(manifest, "candidate");
        expect(answer.status, said(answer)).to.equal(refused ? 403 : 201);
        if (refused) expect(said(answer)).to.match(/admission webhook ".*\.metallb\.io" denied/);
      });

    it("V16: a pool in another namespace -> refused", async () => {
      const answer = await running().request(
        "POST",
        pathOf(good, "other"),
        named(good, "a", "other"),
      );
      expect(answer.status, said(answer)).to.equal(403);
    });

    it("V18: disableMP -> accepted with a warning that people see", async () => {
      const answer = await create(peer({ disableMP: true }), "mp");
      expect(answer.status, said(answer)).to.equal(201);
      expect(answer.warnings.join()).to.include("disableMP");
      await remove(peer({}), "mp");
    });

    it("V19: a BFDProfile in use stays until it is not", async () => {
      await create(bfd({}), "fast");
      await create(peer({ bfdProfile: "fast" }), "user");
      expect((await remove(bfd({}), "fast")).status).to.equal(403);
      await remove(peer({}), "user");
      expect((await remove(bfd({}), "fast")).status).to.equal(200);
    });

    it("an update is compared with the others, not with itself", async () => {
      const current = await running().request("GET", `${pathOf(good)}/holder`);
      const wider = { ...(current.body as object), spec: { addresses: ["192.0.2.0/24"] } };
      const answer = await running().request("PUT", `${pathOf(good)}/holder`, wider);
      expect(answer.status, said(answer)).to.equal(200);
    });
  });

  describe("conversion", () => {
    const old = oldPeer({
      holdTime: "90s",
      keepaliveTime: "30s",
      nodeSelectors: [{ matchLabels: { a: "b" } }],
    });
    const stored = {
      myASN: 64500,
      peerASN: 64501,
      peerAddress: "192.0.2.1",
      nodeSelectors: [{ matchLabels: { a: "b" } }],
    };

    it("what is written as v1beta1 is read as v1beta2, defaults included", async () => {
      const made = await create(old, "converted");
      expect(made.status, said(made)).to.equal(201);
      const read = await running().request("GET", `${pathOf(peer({}))}/converted`);
      expect(specOf(read)).to.deep.equal({
        ...stored,
        holdTime: "1m30s",
        keepaliveTime: "30s",
        passwordSecret: {},
        peerPort: 179,
        disableMP: false,
        dualStackAddressFamily: false,
      });
    });

    it("and back as v1beta1", async () => {
      const read = await running().request("GET", `${pathOf(old)}/converted`);
      expect(specOf(read)).to.deep.equal({
        ...stored,
        holdTime: "1m30s",
        keepaliveTime: "30s",
        peerPort: 179,
      });
    });

    it("a v1beta2 peer without timers shows 0s in v1beta1, and what v1beta1 cannot say is missing", async () => {
      await create(peer({ peerASN: undefined, dynamicASN: "internal", vrf: "red" }), "modern");
      const read = await running().request("GET", `${pathOf(old)}/modern`);
      expect(specOf(read)).to.deep.equal({
        myASN: 64500,
        peerASN: 0,
        peerAddress: "192.0.2.1",
        peerPort: 179,
        holdTime: "0s",
        keepaliveTime: "0s",
      });
    });

    it("a list converts as a whole, and metadata survives", async () => {
      const read = await running().request("GET", pathOf(old));
      const { items } = read.body as {
        items: { apiVersion: string; metadata: { name: string } }[];
      };
      expect(items.map((i) => `${i.apiVersion} ${i.metadata.name}`)).to.deep.equal([
        "metallb.io/v1beta1 converted",
        "metallb.io/v1beta1 modern",
      ]);
    });

    it("read, change, write through v1beta1", async () => {
      const { body } = await running().request("GET", `${pathOf(old)}/converted`);
      const changed = {
        ...(body as object),
        spec: { ...(body as { spec: object }).spec, peerASN: 64999 },
      };
      const answer = await running().request("PUT", `${pathOf(old)}/converted`, changed);
      expect(answer.status, said(answer)).to.equal(200);
      expect(specOf(answer)).to.include({ peerASN: 64999, holdTime: "1m30s" });
    });
  });

  describe("renewal", () => {
    it("an unreadable certificate in the Secret is replaced, the CA kept, and calls go on", async () => {
      const store = ports();
      const { data, version } = await store.read();
      await store.write({ ...(data as CertificateData), "tls.crt": "ended" }, version);
      const renewed = await settleCertificates(store, NAME, new Date());
      expect(certificateNeed(renewed, NAME, new Date())).to.equal("nothing");
      expect(renewed["ca.crt"]).to.equal(data["ca.crt"]);
      server?.use({ cert: renewed["tls.crt"], key: renewed["tls.key"] });
      const answer = await create(l2({}), "after-renewal");
      expect(answer.status, said(answer)).to.equal(201);
    });

    it("a Secret that was deleted is made anew with another CA, which the API server comes to trust", async () => {
      await running().request("DELETE", SECRET);
      const renewed = await settleCertificates(ports(), NAME, new Date());
      server?.use({ cert: renewed["tls.crt"], key: renewed["tls.key"] });
      await eventually("the API server calls again", async () => {
        const answer = await create(l2({}), "after-loss");
        return answer.status === 201 || answer.status === 409;
      });
      const read = await running().request("GET", `${pathOf(oldPeer({}))}/converted`);
      expect(read.status, said(read)).to.equal(200);
    });

    it("no request failed inside", () => expect(failures).to.deep.equal([]));
  });

  describe("as the controller serves them", () => {
    const listen = { host: SERVICE_IP, port: 443 };
    const serve = (signal: AbortSignal) =>
      serveWebhooks(
        { webhookMode: "enabled" },
        client ?? expect.fail("not started"),
        NAMESPACE,
        createLog("info", { write: (line) => void lines.push(line) }),
        signal,
        listen,
      );
    const lines: string[] = [];
    const created = async (name: string) => (await create(l2({}), name)).status;

    it("tries again while the port is taken, then serves; ends at once", async () => {
      const stop = new AbortController();
      const serving = serve(stop.signal); // the server of the tests above still has the port
      await eventually("it says so", () => lines.some((l) => l.includes("cannot be served")));
      await server?.close();
      server = undefined;
      await eventually("the API server is answered", async () => (await created("by-cli")) === 201);
      stop.abort();
      await serving;
      expect(await created("unserved")).to.equal(500);
    });

    it("serves nothing when disabled", () =>
      serveWebhooks(
        { webhookMode: "disabled" },
        client ?? expect.fail("not started"),
        NAMESPACE,
        createLog("none"),
        new AbortController().signal,
        listen,
      ));
  });
});
