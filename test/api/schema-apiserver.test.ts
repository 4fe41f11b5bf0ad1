/** The CRD manifests on a real kube-apiserver: its verdicts and its objects equal ours. */
import { readFileSync, readdirSync } from "node:fs";
import { expect } from "chai";
import fc from "fast-check";
import { parse } from "yaml";
import { checkObject, checkUpdate, schemaProblems } from "../../src/api/schema-check.ts";
import { KINDS } from "../../src/api/schema/kinds.ts";
import { KUBE_BUILD_MS, kubeBinaries, startKube } from "../support/kube.ts";
import type { Kube, KubeResponse } from "../support/kube.ts";
import { eventually } from "../support/wait.ts";
import { anyManifest } from "./manifest-arbitrary.ts";
import { CASES, CHANGES, peer, poolStatus } from "./schema-cases.ts";
import type { Manifest } from "./schema-cases.ts";

const CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const DIRECTORY = "deploy/kustomize/crds";
const RUNS = Number(process.env["FERROLB_SCHEMA_RUNS"] ?? 500);

interface Stored {
  readonly metadata: { readonly resourceVersion: string };
  readonly spec?: unknown;
  readonly status?: unknown;
}

const pluralOf = new Map<string, string>(KINDS.map((k) => [k.kind, k.plural]));
const pathOf = ({ apiVersion, kind }: Manifest): string =>
  `/apis/${apiVersion}/namespaces/metallb-system/${pluralOf.get(kind) ?? ""}`;
/** What comes back of these has been through the storage version: test/webhook looks at that. */
const isOldPeer = ({ apiVersion, kind }: Manifest): boolean =>
  kind === "BGPPeer" && apiVersion === "metallb.io/v1beta1";
const said = ({ status, body }: KubeResponse): string =>
  `${status} ${(body as { message?: string }).message ?? ""}`;

const withoutRules = (key: string, value: unknown): unknown =>
  key === "x-kubernetes-validations" ? undefined : value;

describe("CRDs on a real API server", () => {
  let kube: Kube | undefined;
  const api = (): Kube => {
    if (kube === undefined) throw new Error("not started");
    return kube;
  };

  before(async function () {
    this.timeout(KUBE_BUILD_MS);
    const bin = await kubeBinaries("kube-apiserver");
    if (bin === null) this.skip();
    kube = await startKube(bin);
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "metallb-system" } };
    expect((await kube.request("POST", "/api/v1/namespaces", namespace)).status).to.equal(201);
  });
  after(() => kube?.stop());

  const create = (m: Manifest, query = "") => api().request("POST", `${pathOf(m)}${query}`, m);
  const remove = (m: Manifest) => api().request("DELETE", `${pathOf(m)}/a`);

  for (const file of readdirSync(DIRECTORY).filter((f) => f.includes("_")))
    it(`takes ${file}`, async function () {
      this.timeout(60_000);
      const crd = parse(readFileSync(`${DIRECTORY}/${file}`, "utf8")) as {
        metadata: { name: string };
        spec: { conversion?: unknown };
      };
      delete crd.spec.conversion; // no webhook runs here: test/webhook has that
      const created = await api().request("POST", CRDS, crd);
      expect(created.status, said(created)).to.equal(201);
      await eventually("the CRD is established", async () => {
        const { body } = await api().request("GET", `${CRDS}/${crd.metadata.name}`);
        const { status } = body as { status: { conditions?: { type: string; status: string }[] } };
        return status.conditions?.some((c) => c.type === "Established" && c.status === "True");
      });
    });

  it("serves every version", async function () {
    this.timeout(60_000);
    for (const { group, kind, versions } of KINDS)
      for (const { name } of versions) {
        const path = pathOf({ apiVersion: `${group}/${name}`, kind, metadata: {} });
        await eventually(path, async () => (await api().request("GET", path)).status === 200);
      }
  });

  /** The object as stored, or the refusal. Status is written where the API server reads it. */
  async function store(m: Manifest): Promise<KubeResponse> {
    if (!("status" in m)) return create(m, "?dryRun=All");
    const created = await create(m);
    if (created.status !== 201) return created;
    const { metadata } = created.body as Stored;
    const written = await api().request("PUT", `${pathOf(m)}/a/status`, { ...m, metadata });
    await remove(m);
    return written;
  }

  describe("verdicts, defaults and pruning", () => {
    for (const { rule, given, manifest, refusedBy, becomes } of CASES)
      it(`${rule}: ${given} -> ${refusedBy.length > 0 ? "refused" : "accepted"}`, async () => {
        const answer = await store(manifest);
        expect(answer.status < 300, said(answer)).to.equal(refusedBy.length === 0);
        if (becomes === undefined || isOldPeer(manifest)) return;
        const { spec, status } = answer.body as Stored;
        expect("status" in manifest ? status : spec).to.deep.equal(becomes);
      });
  });

  describe("changes", () => {
    for (const [rule, given, before, now, refused] of CHANGES)
      it(`${rule}: ${given} -> ${refused ? "refused" : "accepted"}`, async () => {
        const subresource = "status" in before ? "/status" : "";
        try {
          const created = await create(before);
          expect(created.status, said(created)).to.equal(201);
          let { metadata } = created.body as Stored;
          const put = (m: Manifest) =>
            api().request("PUT", `${pathOf(m)}/a${subresource}`, { ...m, metadata });
          if (subresource !== "") {
            const first = await put(before);
            expect(first.status, said(first)).to.equal(200);
            ({ metadata } = first.body as Stored);
          }
          const answer = await put(now);
          expect(answer.status, said(answer)).to.equal(refused ? 422 : 200);
          expect(checkUpdate(before, now).length > 0).to.equal(refused);
        } finally {
          await remove(before);
        }
      });
  });

  it(`judges ${RUNS} random manifests as we do, and stores what we read`, async function () {
    this.timeout(600_000);
    await fc.assert(
      fc.asyncProperty(anyManifest, async (manifest) => {
        const answer = await create(manifest, "?dryRun=All");
        const problems = schemaProblems(manifest);
        const words = problems.map((p) => `${p.rule} ${p.path} ${p.message}`).join("; ");
        expect(answer.status < 300, `${said(answer)} but: ${words}`).to.equal(
          problems.length === 0,
        );
        if (problems.length > 0 || isOldPeer(manifest)) return;
        const { object } = checkObject(manifest) as { object: { spec?: unknown } };
        expect((answer.body as Stored).spec).to.deep.equal(object.spec);
      }),
      { numRuns: RUNS },
    );
  });

  it("warns of BGPPeer v1beta1", async () => {
    const { warnings } = await api().request(
      "GET",
      pathOf({ ...peer({}), apiVersion: "metallb.io/v1beta1" }),
    );
    expect(warnings.join()).to.include("deprecated");
  });

  it("shows used and free addresses of a pool", async () => {
    const manifest = poolStatus({
      assignedIPv4: 3,
      assignedIPv6: 0,
      availableIPv4: 253,
      availableIPv6: 7,
    });
    const { body: created } = await create(manifest);
    const status = { ...(created as object), status: manifest.status };
    await api().request("PUT", `${pathOf(manifest)}/a/status`, status);
    const accept = "application/json;as=Table;v=v1;g=meta.k8s.io";
    const { body } = await api().request("GET", pathOf(manifest), undefined, { accept });
    const { columnDefinitions, rows } = body as {
      columnDefinitions: { name: string }[];
      rows: { cells: unknown[] }[];
    };
    const shown = new Map(columnDefinitions.map((c, i) => [c.name, rows[0]?.cells[i]]));
    const columns = ["Used IPv4", "Free IPv4", "Used IPv6", "Free IPv6", "Auto Assign"];
    expect(columns.map((name) => shown.get(name))).to.deep.equal([3, 253, 0, 7, true]);
    await remove(manifest);
  });

  it("lets what was stored under MetalLB's own CRDs be written on, as long as it is not made worse", async function () {
    this.timeout(120_000);
    const path = `${CRDS}/bgppeers.metallb.io`;
    const update = async (change: (spec: object) => object) => {
      const { body } = await api().request("GET", path);
      const crd = body as { spec: object };
      const answer = await api().request("PUT", path, { ...crd, spec: change(crd.spec) });
      expect(answer.status, said(answer)).to.equal(200);
    };
    const bad = peer({ myASN: 0 });
    const taken = async () => (await create(bad, "?dryRun=All")).status === 201;
    let ours: object = {};
    await update((spec) => {
      ours = spec;
      return JSON.parse(JSON.stringify(spec, withoutRules)) as object;
    });
    await eventually("the rules are gone", taken);
    const { body } = await create(bad);
    await update((spec) => ({ ...spec, versions: (ours as { versions: unknown }).versions }));
    await eventually("the rules are back", async () => !(await taken()));

    const put = (spec: object, labels: object) => {
      const { metadata } = body as Stored;
      const changed = { ...(body as object), spec, metadata: { ...metadata, labels } };
      return api().request("PUT", `${pathOf(bad)}/a?dryRun=All`, changed);
    };
    const { spec } = body as { spec: object };
    const relabelled = await put(spec, { x: "y" });
    expect(relabelled.status, said(relabelled)).to.equal(200);
    const elsewhere = await put({ ...spec, vrf: "red" }, {});
    expect(elsewhere.status, said(elsewhere)).to.equal(200);
    const worse = await put({ ...spec, holdTime: "2s" }, {});
    expect(worse.status, said(worse)).to.equal(422);
    await remove(bad);
  });

  it("keeps every digit of a counter", async () => {
    const manifest = CASES.find(({ given }) => given === "all four counters")?.manifest;
    if (manifest === undefined) throw new Error("no such case");
    const { body } = await create(manifest);
    const text = JSON.stringify({
      ...(body as object),
      status: { ...(manifest.status as object), availableIPv6: 7 },
    });
    const huge = text.replace('"availableIPv6":7', '"availableIPv6":9223372036854775807');
    const written = await api().request("PUT", `${pathOf(manifest)}/a/status`, huge);
    expect(written.status, said(written)).to.equal(200);
    await remove(manifest);
  });
});
