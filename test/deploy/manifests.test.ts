/** What the overlays, the one-file manifests and the chart render; no cluster needed. */
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import { parse } from "yaml";
import {
  CHART,
  OVERLAYS,
  deployTools,
  helm,
  kustomized,
  manifestsIn,
  templated,
} from "../support/deploy-tools.ts";
import type { DeployTools, Manifest, Manifests } from "../support/deploy-tools.ts";

const FLAVOURS = ["control-plane", "frr", "k3s", "l2", "microk8s", "prometheus"];
const SPEAKER = "DaemonSet metallb-system/speaker";
const CONTROLLER = "Deployment metallb-system/controller";
/** What only a chart says: whose objects they are. */
const CHART_LABELS = [
  "helm.sh/chart",
  "app.kubernetes.io/managed-by",
  "app.kubernetes.io/instance",
  "helm.sh/resource-policy",
];

interface Container {
  readonly name: string;
  readonly image: string;
  readonly args?: readonly string[];
  readonly securityContext: unknown;
}
interface PodSpec {
  readonly tolerations: readonly object[];
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly hostNetwork?: boolean;
  readonly terminationGracePeriodSeconds: number;
  readonly securityContext: unknown;
}
interface Workload extends Manifest {
  readonly spec: {
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly template: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: PodSpec;
    };
  };
}
const workload = (from: Manifests, key: string): Workload => {
  const found = from.get(key);
  expect(found, key).not.to.equal(undefined);
  return found as Workload;
};
const podOf = (from: Manifests, key: string): PodSpec => workload(from, key).spec.template.spec;
const control = (key: string) => ({ key, operator: "Exists", effect: "NoSchedule" });

const withoutChartLabels = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutChartLabels);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !CHART_LABELS.includes(key))
      .map(([key, v]) => [key, withoutChartLabels(v)] as const)
      .filter(([key, v]) => key !== "annotations" || Object.keys(v as object).length > 0),
  );
};

describe("manifests and chart", function () {
  this.timeout(120_000);
  let tools: DeployTools;
  let dir: string;
  before(async function () {
    this.timeout(20 * 60_000);
    const found = await deployTools();
    if (found === null) this.skip();
    tools = found;
    dir = await mkdtemp(join(tmpdir(), `ferrolb-${process.pid}-manifests-`));
    await execa("scripts/generate-manifests", [dir]);
  });
  after(async () => {
    await rm(dir, { recursive: true, force: true });
  });
  const flavour = async (name: string): Promise<Manifests> =>
    manifestsIn(await readFile(join(dir, `ferrolb-${name}.yaml`), "utf8"));

  it("what is checked in is what scripts/generate-manifests makes", async () => {
    const files = FLAVOURS.map((name) => `ferrolb-${name}.yaml`);
    expect((await readdir("deploy/manifests")).sort()).to.deep.equal(files);
    for (const file of files)
      expect(await readFile(join("deploy/manifests", file), "utf8"), file).to.equal(
        await readFile(join(dir, file), "utf8"),
      );
  });

  describe("the chart gives the objects of the overlays", () => {
    const cases: [overlay: string, values: object][] = [
      ["frr", {}],
      ["frr", { speaker: { frr: { enabled: true } } }],
      ["frr", { frrk8s: { enabled: true } }],
      ["frr", { speaker: { frr: { enabled: false } }, frrk8s: { enabled: false } }],
      ["l2", { speaker: { l2Only: true } }],
      ["control-plane", { speaker: { ignoreExcludeLB: true } }],
      [
        "prometheus",
        {
          prometheus: {
            serviceMonitor: { enabled: true },
            serviceAccount: "prometheus-k8s",
            namespace: "monitoring",
            prometheusRule: { enabled: true },
          },
        },
      ],
    ];
    for (const [overlay, values] of cases)
      it(`${overlay}: ${JSON.stringify(values)}`, async () => {
        const plain = new Map(await flavour(overlay));
        plain.delete("Namespace /metallb-system"); // helm makes it by --create-namespace
        const chart = await templated(tools, values);
        expect([...chart.keys()].sort()).to.deep.equal([...plain.keys()].sort());
        for (const [key, object] of plain)
          expect(withoutChartLabels(chart.get(key)), key).to.deep.equal(withoutChartLabels(object));
      });

    it("in another namespace nothing speaks of metallb-system", async () => {
      const { stdout } = await helm(tools, ["template", "lb", CHART, "-n", "other"]);
      expect(stdout).not.to.contain("metallb-system");
    });
  });

  for (const name of FLAVOURS)
    describe(`flavour ${name}`, () => {
      it("a DaemonSet speaker with both kinds of labels and tolerations to add to", async () => {
        const found = workload(await flavour(name), SPEAKER);
        expect(found.spec.selector.matchLabels).to.deep.equal({
          app: "metallb",
          component: "speaker",
        });
        expect(found.spec.template.metadata.labels).to.include({
          app: "metallb",
          component: "speaker",
          "app.kubernetes.io/name": "metallb",
          "app.kubernetes.io/component": "speaker",
        });
        const { tolerations } = found.spec.template.spec;
        expect(tolerations.slice(0, 2)).to.deep.equal([
          control("node-role.kubernetes.io/control-plane"),
          control("node-role.kubernetes.io/master"),
        ]);
      });

      it("the least privilege", async () => {
        const objects = await flavour(name);
        const closed = { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true };
        const controller = podOf(objects, CONTROLLER);
        expect(controller.securityContext).to.include({ runAsNonRoot: true, runAsUser: 65534 });
        expect(controller.hostNetwork).to.equal(undefined);
        expect(controller.containers[0]?.securityContext).to.deep.equal({
          ...closed,
          capabilities: { drop: ["ALL"] },
        });
        const [speaker, frr] = podOf(objects, SPEAKER).containers;
        expect(speaker?.securityContext).to.deep.equal({
          ...closed,
          capabilities: { drop: ["ALL"], add: ["NET_RAW"] },
        });
        expect(frr?.name).to.equal(name === "l2" ? undefined : "frr");
        if (frr !== undefined) expect(frr.image, "one image").to.equal(speaker?.image);
      });

      it("time to leave, more than the five seconds that are promised", async () => {
        const objects = await flavour(name);
        for (const key of [SPEAKER, CONTROLLER])
          expect(podOf(objects, key).terminationGracePeriodSeconds).to.be.greaterThan(5);
      });
    });

  it("every overlay is a flavour", async () => {
    expect((await readdir(OVERLAYS)).sort()).to.deep.equal(FLAVOURS);
  });

  it("k3s and MicroK8s tolerate what those distributions set", async () => {
    for (const [name, toleration] of [
      ["k3s", { key: "CriticalAddonsOnly", operator: "Exists", effect: "NoExecute" }],
      ["microk8s", { key: "node-role.kubernetes.io/control-plane", operator: "Exists" }],
    ] as const)
      for (const key of [SPEAKER, CONTROLLER])
        expect(podOf(await flavour(name), key).tolerations).to.deep.include(toleration);
  });

  it("network policies are a component to add", async () => {
    const objects = await kustomized(tools, "test/fixtures/deploy/with-network-policy");
    const added = [...objects.keys()].filter((key) => key.startsWith("NetworkPolicy"));
    const chart = await templated(tools, { networkpolicies: { enabled: true, defaultDeny: true } });
    expect(added).to.have.length(2);
    for (const key of added) expect(chart.get(key), key).to.deep.equal(objects.get(key));
  });

  it("what the page may read beyond the controller is a component to add, and only reads", async () => {
    const objects = await kustomized(tools, "test/fixtures/deploy/with-page");
    const without = await kustomized(tools, "deploy/kustomize/overlays/frr");
    const added = [...objects.keys()].filter((key) => !without.has(key));
    const chart = await templated(tools, { controller: { pageRights: true } });
    expect(added).to.have.length(4);
    for (const key of added) expect(chart.get(key), key).to.deep.equal(objects.get(key));
    const roles = added
      .map((key) => objects.get(key))
      .filter((o) => o !== undefined && "rules" in o);
    const verbs = roles.flatMap((o) => (o as unknown as { rules: { verbs: string[] }[] }).rules);
    expect(verbs.flatMap((rule) => rule.verbs)).to.satisfy((all: string[]) => all.every((v) => v === "list")); // prettier-ignore
  });

  describe("values", () => {
    const MASTER = control("node-role.kubernetes.io/master");
    const CONTROL_PLANE = control("node-role.kubernetes.io/control-plane");

    it("every name of MetalLB's chart is taken", async () => {
      const values: unknown = parse(
        await readFile("test/fixtures/deploy/metallb-values.yaml", "utf8"),
      );
      const objects = await templated(tools, values);
      const { containers } = podOf(objects, SPEAKER);
      expect(containers[0]?.args).to.include.members([
        "--lb-class=example.com/lb",
        "--ignore-exclude-lb",
        "--ml-wan-config",
        "--tls-min-version=VersionTLS12",
        "--metrics-cert-dir=/etc/metrics",
      ]);
      expect(containers.map((c) => c.image)).to.deep.equal([
        "example.com/speaker:v1",
        "example.com/speaker:v1",
      ]);
      expect(podOf(objects, SPEAKER).tolerations).to.deep.include({
        key: "edge",
        operator: "Exists",
      });
      const rule = objects.get("Role metallb-system/controller") as unknown as {
        readonly rules: readonly { readonly resourceNames?: readonly string[] }[];
      };
      expect(rule.rules.flatMap((r) => r.resourceNames ?? [])).to.include("own-memberlist");
      expect(JSON.stringify(objects.get("RoleBinding metallb-system/controller"))).to.contain(
        '"lb-controller"',
      );
      expect(
        JSON.stringify(
          objects.get("ValidatingWebhookConfiguration /metallb-webhook-configuration"),
        ),
      ).to.contain('"failurePolicy":"Fail"');
    });

    it("a wrong key is named", async () => {
      const wrong: [values: object, named: string][] = [
        [{ speaker: { toleration: [] } }, "toleration"],
        [{ controler: {} }, "controler"],
        [{ speaker: { frr: { enable: true } } }, "enable"],
        [{ speaker: { memberlist: { mlBindPort: "x" } } }, "mlBindPort"],
        [{ controller: { logLevel: "loud" } }, "logLevel"],
        [{ speaker: { tolerations: [{ key: "a", operators: "Exists" }] } }, "operators"],
      ];
      for (const [values, named] of wrong) {
        const { exitCode, stderr } = await helm(tools, ["template", "m", CHART], values);
        expect(exitCode, JSON.stringify(values)).not.to.equal(0);
        expect(stderr).to.contain(named);
      }
    });

    it("what cannot be meant is refused in words", async () => {
      const both = { podMonitor: { enabled: true }, serviceMonitor: { enabled: true } };
      const wrong: [values: object, said: RegExp][] = [
        [{ configInline: {}, speaker: {} }, /^$/],
        [{ configInline: { a: 1 } }, /IPAddressPools/],
        [{ prometheus: both }, /one of/],
        [{ prometheus: { podMonitor: { enabled: true } } }, /serviceAccount/],
        [
          { speaker: { memberlist: { enabled: false }, nodeSelector: { a: "b" } } },
          /empty speaker\.nodeSelector/,
        ],
        [{ frrk8s: { external: true } }, /frrk8s\.external/],
      ];
      for (const [values, said] of wrong) {
        const { exitCode, stderr } = await helm(tools, ["template", "m", CHART], values);
        const lines = stderr.split("\n").filter((line) => !line.includes("symbolic link"));
        if (said.source === "^$") expect(exitCode, stderr).to.equal(0);
        else expect(lines.join("\n")).to.match(said);
      }
    });

    it("the values file of the post on control-plane nodes changes tolerations alone, in its order", async () => {
      const before = await templated(tools);
      const values: unknown = parse(
        await readFile("test/fixtures/deploy/seed-helm-values.yaml", "utf8"),
      );
      const after = await templated(tools, values);
      for (const [key, object] of before) {
        if (key !== SPEAKER) expect(after.get(key), key).to.deep.equal(object);
      }
      expect(podOf(after, SPEAKER)).to.deep.equal({
        ...podOf(before, SPEAKER),
        tolerations: [CONTROL_PLANE, MASTER, CONTROL_PLANE, MASTER],
      });
    });

    it("alerts of MetalLB's chart are switched, labelled and narrowed as there", async () => {
      const prometheusRule = {
        enabled: true,
        staleConfig: { enabled: false },
        bgpSessionDown: { labels: { severity: "page" } },
        addressPoolUsage: {
          excludePools: "spare.*",
          thresholds: [{ percent: 50, labels: { severity: "info" } }],
        },
        extraAlerts: [{ alert: "Own", expr: "vector(1)" }],
      };
      const objects = await templated(tools, { prometheus: { prometheusRule } });
      const { spec } = objects.get("PrometheusRule metallb-system/metallb-alerts") as unknown as {
        readonly spec: {
          readonly groups: readonly {
            readonly rules: readonly {
              readonly alert: string;
              readonly expr: string;
              readonly labels?: { readonly severity: string };
            }[];
          }[];
        };
      };
      const rules = spec.groups[0]?.rules ?? [];
      expect(rules.map((r) => [r.alert, r.labels?.severity])).to.deep.equal([
        ["MetalLBConfigNotLoaded", "warning"],
        ["MetalLBAddressPoolExhausted", "critical"],
        ["MetalLBAddressPoolUsage50Percent", "info"],
        ["MetalLBBGPSessionDown", "page"],
        ["Own", undefined],
      ]);
      expect(rules[2]?.expr).to.equal(
        '(metallb_allocator_addresses_in_use_total{pool!~"spare.*"} / (metallb_allocator_addresses_total{pool!~"spare.*"} > 0)) * 100 > 50',
      );
    });

    it("tolerations are never empty", async () => {
      const none = await templated(tools, { speaker: { tolerateMaster: false } });
      expect(podOf(none, SPEAKER).tolerations).to.have.length(1);
      const own = { speaker: { tolerateMaster: false, tolerations: [MASTER] } };
      expect(podOf(await templated(tools, own), SPEAKER).tolerations).to.deep.equal([MASTER]);
    });
  });
});
