/** The dashboards' queries, asked of a real Prometheus that scraped the lab. */
import { readFileSync, readdirSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import { portName, addressOf, NODES, PORTS } from "../../src/lab/plan.ts";
import { daemon } from "../../src/lab/daemon.ts";
import type { Daemon } from "../../src/lab/daemon.ts";
import { startTestLab } from "../support/lab.ts";
import type { TestLab } from "../support/lab.ts";
import {
  bfdProfile,
  bgpAdvertisement,
  l2Advertisement,
  nodes,
  pool,
  router1,
  router2,
  service,
} from "../support/lab-manifests.ts";
import { eventually } from "../support/wait.ts";

interface Panel {
  readonly title: string;
  readonly type: string;
  readonly description?: string;
  readonly targets?: readonly { readonly expr: string }[];
}
interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly Panel[];
}

const DIR = "deploy/grafana";
const dashboards = readdirSync(DIR)
  .filter((file) => file.endsWith(".json"))
  .map((file) => JSON.parse(readFileSync(join(DIR, file), "utf8")) as Dashboard);
const queries = [
  ...new Set(
    dashboards.flatMap((d) => d.panels.flatMap((p) => p.targets ?? []).map((t) => t.expr)),
  ),
];

/** Queries that have nothing to show in the lab, and why. */
const EMPTY: Readonly<Record<string, string>> = {
  "sum(ferrolb_nodes_without_speaker)": "speakers are no Pods in a directory of manifests",
};

describe("dashboards", () => {
  it("are whole: data source by variable, every panel described, its own id, metrics that we have", () => {
    expect(dashboards.map((d) => d.uid)).to.include.members([
      "ferrolb-overview",
      "ferrolb-speakers",
    ]);
    const known = readFileSync("docs/metrics.md", "utf8");
    for (const { panels, uid } of dashboards) {
      const ids = panels.map((p) => (p as { id?: number }).id);
      expect(new Set(ids).size, uid).to.equal(panels.length);
      for (const p of panels.filter((one) => one.type !== "row")) {
        expect(p.description, p.title).to.be.a("string").that.has.length.greaterThan(5);
        expect(p.targets?.length, p.title).to.be.greaterThan(0);
        expect(JSON.stringify(p), p.title).to.contain('"uid":"${datasource}"');
      }
    }
    for (const expr of queries)
      for (const [name] of expr.matchAll(/\b(?:metallb|ferrolb)_\w+/g))
        expect(known, name).to.contain(`\`${name.replace(/_(bucket|sum|count)$/, "")}\``);
  });
});

describe("dashboards on the lab", function () {
  this.timeout(240_000);
  let lab: TestLab;
  let prometheus: Daemon | null = null;

  const inWire = async (...words: string[]): Promise<string> =>
    (await execa("ip", ["netns", "exec", lab.places.wire.name, ...words])).stdout;
  const ask = async (query: string): Promise<{ status: string; error?: string; rows: number }> => {
    const said = await inWire(
      ...["curl", "-s", "-G", "http://127.0.0.1:9090/api/v1/query"],
      ...["--data-urlencode", `query=${query.replaceAll("$__rate_interval", "30s")}`],
    );
    const { status, error, data } = JSON.parse(said) as {
      status: string;
      error?: string;
      data?: { result: unknown[] };
    };
    return { status, ...(error === undefined ? {} : { error }), rows: data?.result.length ?? 0 };
  };

  before(async () => {
    lab = await startTestLab({
      backends: false,
      routers: { r1: { bfd: { intervalMs: 300, multiplier: 3 } } },
      speakerFlags: ["--metrics-bind-address", "0.0.0.0"],
      manifests: {
        nodes: nodes(),
        pools: [
          pool("routed", ["203.0.113.0/28"]),
          pool("lan", ["198.51.100.200-198.51.100.209"], { autoAssign: false }),
          pool("broken", ["203.0.113.0/40"]),
          bgpAdvertisement("all"),
          l2Advertisement("all"),
          bfdProfile("fast", { receiveInterval: 100, transmitInterval: 100, detectMultiplier: 5 }),
        ],
        peers: [router1({ bfdProfile: "fast" }), router2()],
        services: [
          ...service("web"),
          ...service("asked", { ip: "198.51.100.200" }),
          ...service("waiting", { annotations: { "metallb.io/address-pool": "nowhere" } }),
        ],
      },
    });
    await lab.established("r2");
    const dir = join(lab.dir, "prometheus");
    await mkdir(dir);
    // The bridges' namespace has the controller; with an address on the lan it reaches the speakers too.
    const port = PORTS.find((p) => p.place === "n1" && p.segment === "lan")!;
    const bridge = /master (\S+)/.exec(
      await inWire("ip", "-o", "link", "show", portName(port)),
    )?.[1];
    await inWire("ip", "address", "add", "198.51.100.250/24", "dev", bridge ?? "");
    await inWire("ip", "link", "set", "lo", "up");
    const targets = ["127.0.0.1:9120", ...NODES.map((n) => `${addressOf(n, "lan")}:9120`)];
    const config = {
      global: { scrape_interval: "1s", evaluation_interval: "1s" },
      rule_files: [join(process.cwd(), "deploy/prometheus/rules.yaml")],
      scrape_configs: [{ job_name: "metallb", static_configs: [{ targets }] }],
    };
    await writeFile(join(dir, "prometheus.yml"), JSON.stringify(config));
    prometheus = daemon({
      name: "prometheus",
      netns: lab.places.wire.name,
      log: join(dir, "log"),
      command: [
        ...["prometheus", `--config.file=${join(dir, "prometheus.yml")}`],
        ...[`--storage.tsdb.path=${join(dir, "data")}`, "--web.listen-address=127.0.0.1:9090"],
      ],
    });
    prometheus.start();
    await eventually(
      "all four scraped",
      async () => (await ask("up == 1")).rows === 4,
      60_000,
      500,
    );
    await lab.write("more", ...service("more")); // something happens while it is watched
    await eventually(
      "time to the wire",
      async () => (await ask("ferrolb_service_last_ready_to_wire_seconds")).rows > 0,
    );
    await eventually(
      "an answer at layer 2",
      async () => (await lab.eyes.arp("eth0", "198.51.100.200")).length > 0,
    );
    await eventually(
      "a rate of everything",
      async () => (await ask("count_over_time(up[1m]) > 12")).rows === 4,
    );
  });
  after(async () => {
    await prometheus?.stop();
    await lab.stop();
  });

  for (const expr of queries)
    it(expr, async () => {
      const why = EMPTY[expr];
      const found = await eventually("an answer", async () => {
        const answer = await ask(expr);
        return (answer.status !== "success" || answer.rows > 0 === (why === undefined)) && answer;
      });
      expect(found.error).to.equal(undefined);
      expect(found.status).to.equal("success");
      if (why === undefined) expect(found.rows).to.be.greaterThan(0);
      else expect(found.rows, why).to.equal(0);
    });

  it("the alerts are loaded by the same Prometheus, and those about this lab's faults are on their way", async () => {
    const rulesNow = async () => {
      const said = await inWire("curl", "-s", "http://127.0.0.1:9090/api/v1/rules");
      const { data } = JSON.parse(said) as {
        data: { groups: { rules: { name: string; health: string; state: string }[] }[] };
      };
      return data.groups.flatMap((g) => g.rules);
    };
    const isActive = (rules: Awaited<ReturnType<typeof rulesNow>>, name: string): boolean =>
      rules.some((r) => r.name === name && r.state !== "inactive");
    const rules = await eventually("the faults' alerts alone", async () => {
      const now = await rulesNow();
      const due = ["FerroLBServicesPending", "FerroLBObjectQuarantined"];
      const undue = ["FerroLBNoSpeakerMetrics", "FerroLBAddressNotAnnounced"];
      return due.every((n) => isActive(now, n)) && !undue.some((n) => isActive(now, n)) && now;
    });
    expect(rules.length).to.be.greaterThan(20);
    expect(rules.filter((r) => r.health === "err")).to.deep.equal([]);
  });
});
