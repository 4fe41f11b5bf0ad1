/** What a Pod is given to be known by, replaced while it runs: its token, and the CA of the API server; a real one judges. */
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { Store } from "../../src/api/store.ts";
import { AppError } from "../../src/errors.ts";
import { podAccess } from "../../src/kube/access.ts";
import { kubeClient } from "../../src/kube/client.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { openClusterStore } from "../../src/kube/cluster-store.ts";
import { startApiServer } from "../../src/lab/api-server.ts";
import type { ApiServer } from "../../src/lab/api-server.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { KUBE_BUILD_MS, kubeBinaries, kubeRequests } from "../support/kube.ts";
import { eventually } from "../support/wait.ts";

const NAMESPACE = "default";
const ACCOUNT = "speaker";
const CORE = `/api/v1/namespaces/${NAMESPACE}`;
/** The API server remembers for ten seconds whom it has known. */
const FORGETS_MS = 60_000;

describe("credentials that are replaced", function () {
  this.timeout(180_000);
  let dir: string;
  let api: ApiServer;
  let admin: ReturnType<typeof kubeRequests>;
  let client: KubeClient;
  let store: Store;
  const said: object[] = [];
  const close: (() => unknown)[] = [];
  const mounted = (file: string): string =>
    join(dir, "pod/var/run/secrets/kubernetes.io/serviceaccount", file);

  /** As the kubelet does it: the new file takes the place of the old one at once. */
  const put = async (file: string, text: string): Promise<void> => {
    await writeFile(`${mounted(file)}.new`, text);
    await rename(`${mounted(file)}.new`, mounted(file));
  };
  const pod = (name: string) => ({
    ...{ apiVersion: "v1", kind: "Pod", metadata: { name } },
    spec: { serviceAccountName: ACCOUNT, containers: [{ name: "speaker", image: "speaker" }] },
  });
  /** Good as long as its Pod is there. */
  const tokenOf = async (name: string): Promise<string> => {
    const made = await admin("POST", `${CORE}/pods`, pod(name));
    const { uid } = (made.body as { metadata: { uid: string } }).metadata;
    const boundObjectRef = { apiVersion: "v1", kind: "Pod", name, uid };
    const { body } = await admin("POST", `${CORE}/serviceaccounts/${ACCOUNT}/token`, {
      ...{ apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest" },
      spec: { boundObjectRef, expirationSeconds: 600 },
    });
    return (body as { status: { token: string } }).status.token;
  };
  const service = (name: string) =>
    admin("POST", `${CORE}/services`, {
      ...{ apiVersion: "v1", kind: "Service", metadata: { name } },
      spec: { ports: [{ port: 80 }] },
    });
  const sees = (name: string) => (): boolean =>
    store.snapshot()?.services.some(({ metadata }) => metadata.name === name) === true;

  before(async function () {
    this.timeout(KUBE_BUILD_MS);
    const bin = await kubeBinaries("kube-apiserver");
    if (bin === null) this.skip(); // kube-apiserver could not be built: no Go
    dir = await mkdtemp(join(tmpdir(), `ferrolb-${process.pid}-cred-`));
    close.push(() => rm(dir, { recursive: true, force: true }));
    api = await startApiServer({ bin, dir: join(dir, "kube"), serviceCidrs: "198.51.100.0/24" });
    close.push(() => api.stop());
    admin = kubeRequests(api);
    close.push(() => {
      admin.close();
    });
    await mkdir(mounted(""), { recursive: true });
    await admin("POST", `${CORE}/serviceaccounts`, { metadata: { name: ACCOUNT } });
    const rbac = { apiVersion: "rbac.authorization.k8s.io/v1" };
    await admin("POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
      ...{ ...rbac, kind: "ClusterRoleBinding", metadata: { name: ACCOUNT } },
      roleRef: {
        apiGroup: "rbac.authorization.k8s.io",
        kind: "ClusterRole",
        name: "cluster-admin",
      },
      subjects: [{ kind: "ServiceAccount", name: ACCOUNT, namespace: NAMESPACE }],
    });
    await put("token", await tokenOf("first"));
    await put("ca.crt", api.ca);
    const { hostname, port } = new URL(api.server);
    const before = { ...process.env };
    Object.assign(process.env, { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port }); // prettier-ignore
    client = kubeClient(podAccess(join(dir, "pod")));
    process.env = before;
    const note = (fields: object): void => void said.push(fields);
    store = openClusterStore({
      ...{ client, namespace: NAMESPACE, lists: ["services"], pod: null, instance: "test" },
      ...{ clock: systemClock, random: Math.random, log: { info: note, warn: note } },
    });
    close.push(() => store.close());
    await service("one");
    await eventually("the first Service", sees("one"), 30_000);
  });
  after(async () => {
    for (const step of close.reverse()) await step();
  });

  const refused = (): Promise<boolean> =>
    client.request("GET", `${CORE}/services`).then(
      () => false,
      (error: unknown) => {
        if (!(error instanceof AppError)) throw error;
        return /401|Unauthorized/.test(error.message);
      },
    );

  it("a token that is no longer good is read again at once when it was replaced", async () => {
    const next = await tokenOf("second");
    await admin("DELETE", `${CORE}/pods/first?gracePeriodSeconds=0`);
    await eventually("the old token is refused", refused, FORGETS_MS, 200);
    await service("two");
    await put("token", next);
    expect(await refused()).to.equal(false); // not after the minute that a token is believed
    await eventually("what came meanwhile", sees("two"), 30_000);
  });

  it("a token that is refused and not replaced is no end: the last state stands until it is", async () => {
    const next = await tokenOf("third");
    await admin("DELETE", `${CORE}/pods/second?gracePeriodSeconds=0`);
    await eventually("the old token is refused", refused, FORGETS_MS, 200);
    await api.kill(); // whoever follows has to come again, and is refused
    await api.start();
    await eventually("it says so", () => said.some((f) => /401|Unauthorized/.test(JSON.stringify(f))), 30_000); // prettier-ignore
    expect(sees("two")()).to.equal(true);
    await put("token", next);
    await service("three");
    await eventually("what came meanwhile", sees("three"), 30_000);
  });

  it("credentials that are not there for a moment are a failure like another", async () => {
    await rename(mounted("ca.crt"), mounted("ca.crt.away"));
    const failed = await client.request("GET", `${CORE}/services`).catch((e: unknown) => e);
    expect(failed).to.be.instanceOf(AppError).with.property("message").that.contains("credentials");
    await rename(mounted("ca.crt.away"), mounted("ca.crt"));
    expect(await refused()).to.equal(false);
  });

  it("an API server with another CA is trusted once the CA in the Pod is that one", async () => {
    await api.kill();
    for (const file of ["apiserver.crt", "apiserver.key"])
      await rm(join(dir, "kube/certs", file), { force: true });
    await api.start();
    const ca = await readFile(join(dir, "kube/certs/apiserver.crt"), "utf8");
    expect(ca).not.to.equal(api.ca);
    admin.close();
    admin = kubeRequests({ ...api, ca });
    const failed = await client.request("GET", `${CORE}/services`).catch((e: unknown) => e);
    expect(failed).to.be.instanceOf(AppError).with.property("message").that.contains("certificate");
    expect(sees("three")()).to.equal(true);
    await put("ca.crt", ca);
    await service("four");
    await eventually("what came meanwhile", sees("four"), 30_000);
  });
});
