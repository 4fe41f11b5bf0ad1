/** The alerts, by promtool: each fires on what it is for and is silent before and beside it. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect } from "chai";
import { parse, stringify } from "yaml";
import { prometheusRule } from "../support/prometheus-rule.ts";
import type { Rule, Rules } from "../support/prometheus-rule.ts";

const FILE = "deploy/prometheus/rules.yaml";
const text = readFileSync(FILE, "utf8");
const rules: readonly Rule[] = (parse(text) as Rules).groups.flatMap((g) => g.rules);

const UP = 'ferrolb_frr_reachable{instance="n1"}';
const alive = (n: string) => `ferrolb_members{instance="${n}",state="alive"}`;
const announced = (service: string, node: string, ip: string, protocol = "layer2") =>
  `metallb_speaker_announced{service="${service}",protocol="${protocol}",node="${node}",ip="${ip}"}`;
const bucket = (le: string, more = "") => `{le="${le}"${more}}`;

type Series = Readonly<Record<string, string>>;
type Labels = Readonly<Record<string, string>>;
/** When it is looked at, and the labels of what fires then, beside the severity. */
type Look = readonly [at: string, firing: readonly Labels[]];

/** Values are Prometheus's notation: `a+bxn` is a, then n steps of b, one a minute. */
const CASES: Readonly<Record<string, readonly [series: Series, ...looks: Look[]][]>> = {
  MetalLBStaleConfig: [
    [
      { 'metallb_k8s_client_config_stale_bool{instance="n1"}': "0 0 1x9" },
      ["1m", []],
      ["2m", []],
      ["4m", [{ instance: "n1" }]],
    ],
  ],
  MetalLBConfigNotLoaded: [
    [
      {
        'metallb_k8s_client_config_loaded_bool{instance="n1"}': "0x9",
        'metallb_k8s_client_config_loaded_bool{instance="n2"}': "1x9",
      },
      ["30s", []],
      ["2m", [{ instance: "n1" }]],
    ],
  ],
  MetalLBAddressPoolExhausted: [
    [
      {
        'metallb_allocator_addresses_in_use_total{pool="p"}': "3 3 4x9",
        'metallb_allocator_addresses_total{pool="p"}': "4x12",
        'metallb_allocator_addresses_in_use_total{pool="large"}': "5x12",
        'metallb_allocator_addresses_total{pool="large"}': "9.223372036854775807e18x12",
      },
      ["1m", []],
      ["4m", [{ pool: "p" }]],
    ],
  ],
  ...Object.fromEntries(
    [75, 85, 95].map((percent) => [
      `MetalLBAddressPoolUsage${percent}Percent`,
      [
        [
          {
            'metallb_allocator_addresses_in_use_total{pool="p"}': `${percent} ${percent + 1}x9`,
            'metallb_allocator_addresses_total{pool="p"}': "100x9",
            'metallb_allocator_addresses_in_use_total{pool="empty"}': "0x9",
            'metallb_allocator_addresses_total{pool="empty"}': "0x9",
          },
          ["0m", []],
          ["1m", [{ pool: "p" }]],
        ] as const,
      ],
    ]),
  ),
  MetalLBBGPSessionDown: [
    [
      {
        // The label changes with the port when the connection goes.
        'metallb_bgp_session_up{instance="n1",peer="192.0.2.1:179",vrf="default"}': "1 1 stale _x9",
        'metallb_bgp_session_up{instance="n1",peer="192.0.2.1:-1",vrf="default"}': "_ _ 0x9",
      },
      ["1m", []],
      ["4m", [{ instance: "n1", peer: "192.0.2.1:-1", vrf: "default" }]],
    ],
  ],
  FerroLBAddressNotAnnounced: [
    [
      {
        [UP]: "1x12",
        'ferrolb_service_address{instance="c",service="default/web",ip="203.0.113.1"}': "1x12",
        'ferrolb_service_address{instance="c",service="default/lost",ip="203.0.113.2"}': "1x12",
        [announced("default/web", "n1", "203.0.113.1")]: "1x12",
      },
      ["1m", []],
      ["3m", [{ instance: "c", service: "default/lost", ip: "203.0.113.2" }]],
    ],
    [
      { 'ferrolb_service_address{service="default/lost",ip="203.0.113.2"}': "1x12" },
      ["9m", []], // nobody is scraped: that is another alert
    ],
  ],
  FerroLBTwoLayer2Owners: [
    [
      {
        [announced("default/web", "n1", "203.0.113.1")]: "1x12",
        [announced("default/sharer", "n1", "203.0.113.1")]: "1x12",
        [announced("default/web", "n2", "203.0.113.1")]: "_ _ 1x9",
        [announced("default/bgp", "n1", "203.0.113.9", "bgp")]: "1x12",
        [announced("default/bgp", "n2", "203.0.113.9", "bgp")]: "1x12",
      },
      ["1m", []],
      ["4m", [{ ip: "203.0.113.1" }]],
    ],
  ],
  FerroLBServicesPending: [
    [
      { 'ferrolb_services_pending{reason="exhausted"}': "2x12" },
      ["4m", []],
      ["6m", [{ reason: "exhausted" }]],
    ],
  ],
  FerroLBObjectQuarantined: [
    [
      { 'ferrolb_quarantined_objects{instance="n1",kind="BGPPeer",acting="nothing"}': "1x12" },
      ["4m", []],
      ["6m", [{ instance: "n1", kind: "BGPPeer", acting: "nothing" }]],
    ],
  ],
  FerroLBNodesWithoutSpeaker: [
    [
      {
        'ferrolb_nodes_without_speaker{reason="taint"}': "1x7 0x9",
        'ferrolb_nodes_without_speaker{reason="noPod"}': "0x16",
      },
      ["4m", []],
      ["6m", [{ reason: "taint" }]],
      ["9m", []], // back by itself
    ],
  ],
  FerroLBFRRUnreachable: [[{ [UP]: "1 0x9" }, ["1m", []], ["3m", [{ instance: "n1" }]]]],
  FerroLBFRRRefused: [
    [
      {
        'ferrolb_frr_rollbacks_total{instance="n1",result="restored"}': "0x5 1x20",
        'ferrolb_frr_rollbacks_total{instance="n2",result="unrestored"}': "0x5 1x20",
      },
      ["4m", []],
      ["8m", [{ instance: "n1", result: "restored" }]],
      ["25m", []],
    ],
  ],
  FerroLBFRRNotRestored: [
    [
      { 'ferrolb_frr_rollbacks_total{instance="n1",result="unrestored"}': "0x5 1x20" },
      ["4m", []],
      ["8m", [{ instance: "n1", result: "unrestored" }]],
    ],
  ],
  FerroLBFRRDrifted: [
    [
      { 'ferrolb_frr_drifted{instance="n1"}': "0 1 0 1 1 1 1" },
      ["1m", []],
      ["2m", []], // repaired
      ["5m", [{ instance: "n1" }]],
    ],
  ],
  FerroLBFRRChangedOften: [
    [
      { 'ferrolb_frr_drift_total{instance="n1",cause="edited"}': "0+1x2 2x5 2+1x9" },
      ["5m", []],
      ["14m", [{ instance: "n1", cause: "edited" }]],
    ],
  ],
  FerroLBFRRConfNotWritten: [
    [
      { 'ferrolb_frr_conf_unwritten{instance="n1"}': "1x9" },
      ["4m", []],
      ["6m", [{ instance: "n1" }]],
    ],
  ],
  FerroLBFRRVersionMismatch: [
    [
      { 'ferrolb_frr_version_mismatch{instance="n1"}': "1x9" },
      ["4m", []],
      ["6m", [{ instance: "n1" }]],
    ],
  ],
  FerroLBPrefixesPending: [
    [
      {
        'metallb_bgp_pending_prefixes_total{instance="n1",peer="192.0.2.1:179"}': "3x9",
        'metallb_bgp_session_up{instance="n1",peer="192.0.2.1:179"}': "1x9",
        'metallb_bgp_pending_prefixes_total{instance="n1",peer="192.0.2.2:-1"}': "3x9",
        'metallb_bgp_session_up{instance="n1",peer="192.0.2.2:-1"}': "0x9",
      },
      ["1m", []],
      ["3m", [{ instance: "n1", peer: "192.0.2.1:179" }]],
    ],
  ],
  FerroLBBGPSessionFlapping: [
    [
      {
        'metallb_bgp_session_up{instance="n1",peer="192.0.2.1:179",vrf="default"}':
          "1 stale 1 stale 1 stale 1 stale 1 stale 1",
        'metallb_bgp_session_up{instance="n1",peer="192.0.2.1:-1",vrf="default"}':
          "_ 0 stale 0 stale 0 stale 0 stale 0 stale",
        'metallb_bgp_session_up{instance="n1",peer="2001:db8::1:179",vrf="default"}': "1x12",
      },
      ["2m", []],
      ["10m", [{ instance: "n1", neighbor: "192.0.2.1", vrf: "default" }]],
    ],
  ],
  FerroLBBFDFlapping: [
    [
      { 'metallb_bfd_session_down_events{instance="n1",peer="192.0.2.1"}': "0x3 0+1x9" },
      ["3m", []],
      ["9m", [{ instance: "n1", peer: "192.0.2.1" }]],
    ],
  ],
  FerroLBSlowToWire: [
    [
      Object.fromEntries(
        ["bgp", "layer2"].flatMap((protocol) => {
          const name = "ferrolb_endpoint_ready_to_wire_seconds_bucket";
          const slow = protocol === "bgp";
          return [
            [name + bucket("0.1", `,protocol="${protocol}"`), slow ? "0x40" : "0+5x40"],
            [name + bucket("5", `,protocol="${protocol}"`), "0+5x40"],
            [name + bucket("+Inf", `,protocol="${protocol}"`), "0+5x40"],
          ];
        }),
      ),
      ["5m", []],
      ["20m", [{ protocol: "bgp" }]],
    ],
  ],
  FerroLBSlowTakeover: [
    [
      {
        [`ferrolb_layer2_takeover_gap_seconds_bucket${bucket("1")}`]: "0x90",
        [`ferrolb_layer2_takeover_gap_seconds_bucket${bucket("10")}`]: "0x5 3x90",
        [`ferrolb_layer2_takeover_gap_seconds_bucket${bucket("+Inf")}`]: "0x5 3x90",
      },
      ["4m", []],
      ["10m", [{}]],
    ],
  ],
  FerroLBForeignOwner: [
    [
      {
        'ferrolb_layer2_duels_total{instance="n1",outcome="foreign"}': "0x5 1x9",
        'ferrolb_layer2_duels_total{instance="n2",outcome="yield"}': "0x5 1x9",
      },
      ["4m", []],
      ["7m", [{ instance: "n1", outcome: "foreign" }]],
    ],
  ],
  FerroLBNotHeard: [
    [
      {
        'ferrolb_layer2_not_heard{instance="n1"}': "0x5 2x5 0x10",
        'ferrolb_layer2_not_heard{instance="n2"}': "0x20",
      },
      ["4m", []],
      ["7m", [{ instance: "n1" }]],
      ["15m", []],
    ],
  ],
  FerroLBDuel: [
    [
      {
        'ferrolb_layer2_duels_total{instance="n1",outcome="yield"}': "0x5 3x20",
        'ferrolb_layer2_duels_total{instance="n2",outcome="yield"}': "0x5 1x20",
      },
      ["4m", []],
      ["9m", [{ instance: "n1" }]],
    ],
  ],
  FerroLBMembersDisagree: [
    [
      { [alive("n1")]: "3x12", [alive("n2")]: "3x2 2x9", [alive("n3")]: "3x12" },
      ["3m", []],
      ["7m", [{}]],
    ],
    [{ [alive("n1")]: "3x12", [alive("n2")]: "3x12" }, ["9m", []]],
  ],
  FerroLBNoSpeakerMetrics: [
    [{ up: "1x12" }, ["3m", []], ["8m", [{}]]],
    [{ [UP]: "0x12" }, ["8m", []]],
  ],
  FerroLBSeriesOmitted: [
    [
      { 'ferrolb_metrics_series_omitted{instance="n1",metric="metallb_speaker_announced"}': "4x9" },
      ["4m", []],
      ["6m", [{ instance: "n1", metric: "metallb_speaker_announced" }]],
    ],
  ],
};

const filled = (template: string, labels: Labels): string =>
  template.replaceAll(/\{\{ \$labels\.(\w+) \}\}/g, (_, name: string) => labels[name] ?? "");

/** promtool's own form of the table. */
function unitTests(): object {
  const byName = new Map(rules.map((r) => [r.alert, r]));
  return {
    rule_files: [resolve(FILE)],
    evaluation_interval: "30s",
    tests: Object.entries(CASES).flatMap(([alertname, cases]) =>
      cases.map(([series, ...looks]) => {
        const rule = byName.get(alertname);
        return {
          interval: "1m",
          input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
          alert_rule_test: looks.map(([eval_time, firing]) => ({
            eval_time,
            alertname,
            exp_alerts: firing.map((labels) => ({
              exp_labels: { ...labels, ...rule?.labels },
              exp_annotations: Object.fromEntries(
                Object.entries(rule?.annotations ?? {}).map(([k, v]) => [k, filled(v, labels)]),
              ),
            })),
          })),
        };
      }),
    ),
  };
}

function promtool(...args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync("promtool", args, { encoding: "utf8" });
  if (error !== undefined)
    throw new Error("promtool is missing: scripts/setup test", { cause: error });
  expect(status, stdout + stderr).to.equal(0);
  return stdout;
}

describe("alerts", function () {
  this.timeout(60_000);
  const dir = mkdtempSync(join(tmpdir(), "ferrolb-rules-"));
  after(() => rmSync(dir, { recursive: true }));

  it("are rules", () => {
    expect(promtool("check", "rules", FILE)).to.match(/SUCCESS: \d+ rules/);
  });

  it("have a case each, and fire when they should and only then", () => {
    expect(rules.map((r) => r.alert).sort()).to.deep.equal(Object.keys(CASES).sort());
    const file = join(dir, "unit.yaml");
    writeFileSync(file, stringify(unitTests()));
    expect(promtool("test", "rules", file)).to.contain("SUCCESS");
  });

  it("a rule that never fires does not pass", () => {
    const broken = join(dir, "broken.yaml");
    writeFileSync(broken, text.replaceAll(" == 0", " == 77"));
    const file = join(dir, "unit-broken.yaml");
    writeFileSync(file, stringify({ ...unitTests(), rule_files: [broken] }));
    expect(() => execFileSync("promtool", ["test", "rules", file], { stdio: "pipe" })).to.throw();
  });

  it("each has MetalLB's severity words, a summary, a description and a section in docs/alerts.md", () => {
    const sections = [...readFileSync("docs/alerts.md", "utf8").matchAll(/^## (\w+)$/gm)];
    expect(sections.map(([, name]) => name)).to.deep.equal(rules.map((r) => r.alert));
    for (const { alert, labels, annotations } of rules) {
      expect(labels["severity"], alert).to.be.oneOf(["warning", "critical"]);
      expect(Object.keys(annotations).sort(), alert).to.deep.equal([
        "description",
        "runbook",
        "summary",
      ]);
      const [page = "", anchor = ""] = (annotations["runbook"] ?? "").split("#");
      const headings = [...readFileSync(page, "utf8").matchAll(/^## (.+)$/gm)];
      expect(headings.map(([, title = ""]) => title.toLowerCase())).to.include(anchor);
      expect(anchor).to.equal(alert.toLowerCase());
    }
  });

  it("ask only for metrics that we have", () => {
    const known = readFileSync("docs/metrics.md", "utf8");
    for (const { expr, alert } of rules)
      for (const [name] of expr.matchAll(/\b(?:metallb|ferrolb)_\w+/g))
        expect(known, `${name} of ${alert}`).to.contain(`\`${name.replace(/_bucket$/, "")}\``);
  });

  it("the PrometheusRule is made from the same file", () => {
    const made = readFileSync("deploy/kustomize/prometheus/prometheus-rule.yaml", "utf8");
    expect(made).to.equal(prometheusRule(text));
  });
});
