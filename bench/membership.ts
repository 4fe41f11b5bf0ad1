/**
 * Membership in simulation: `npx tsx bench/membership.ts --nodes 500 --loss 0.05 --delay 2 --seed 1`. Several hundred
 * members in one process, on virtual time: how soon a crash is noticed and known to all, what it costs, and who is
 * given up though it lives, beside what the SWIM paper expects. `--profile fast,memberlist`, `--loss 0,0.1`,
 * `--crashes`, `--calm` (seconds), `--slow` (share of starved nodes), `--away` (ms), `--no-tcp`, `--json`.
 */
import { parseArgs } from "node:util";
import { PROFILES } from "../src/membership/profiles.ts";
import type { ProfileName } from "../src/membership/profiles.ts";
import { formulas, runExperiment } from "../test/membership/support/experiment.ts";

const { values } = parseArgs({
  options: {
    nodes: { type: "string", default: "500" },
    profile: { type: "string", default: "memberlist,fast" },
    loss: { type: "string", default: "0" },
    delay: { type: "string", default: "2" },
    seed: { type: "string", default: "1" },
    crashes: { type: "string", default: "10" },
    calm: { type: "string", default: "10" },
    slow: { type: "string", default: "0" },
    away: { type: "string", default: "500" },
    "no-tcp": { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});
const list = (text: string): number[] => text.split(",").map(Number);

const mean = (all: readonly number[]): number => all.reduce((a, b) => a + b, 0) / all.length;
const most = (all: readonly number[], share: number): number => {
  const sorted = [...all].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
};
const ms = (n: number): string =>
  n >= 1000 ? `${(n / 1000).toFixed(2)} s` : `${Math.round(n)} ms`;

const HEAD = [
  ...[
    "nodes",
    "profile",
    "loss",
    "slow",
    "suspected: mean (formula)",
    "p95",
    "given up: p50",
    "p95",
  ],
  ...["to all: mean (formula)", "p95", "datagrams/s each (formula)", "octets/s each"],
  ...["false suspicions per node and period (formula)", "given up falsely"],
];
const rows: Record<string, unknown>[] = [];
const print = (cells: readonly string[]): void => {
  if (!values.json) console.log(`| ${cells.join(" | ")} |`);
};
print(HEAD);
print(HEAD.map(() => "---"));
for (const profile of values.profile.split(","))
  for (const nodes of list(values.nodes))
    for (const loss of list(values.loss))
      for (const slow of list(values.slow)) {
        const base = PROFILES[profile as ProfileName];
        const timing = { ...base, tcpPings: base.tcpPings && !values["no-tcp"] };
        const wallMs = performance.now();
        const outcome = await runExperiment({
          ...{ nodes, timing, loss, slow },
          delayMs: Number(values.delay),
          seed: Number(values.seed),
          crashes: Number(values.crashes),
          calmMs: Number(values.calm) * 1000,
          awayMs: Number(values.away),
        });
        const wallS = (performance.now() - wallMs) / 1000;
        rows.push({ nodes, profile, loss, slow, seed: values.seed, ...outcome, wallS });
        const { suspectedMs, noticedMs, spreadMs, datagrams, octets, suspicions } = outcome;
        print([
          ...[String(nodes), profile, `${loss * 100} %`, `${slow * 100} %`],
          `${ms(mean(suspectedMs))} (${ms(formulas.detectionMs(timing, nodes))})`,
          ms(most(suspectedMs, 0.95)),
          ...[ms(most(noticedMs, 0.5)), ms(most(noticedMs, 0.95))],
          `${ms(mean(spreadMs))} (${ms(formulas.gossipMs(timing, nodes))})`,
          ms(most(spreadMs, 0.95)),
          `${datagrams.toFixed(1)} (${formulas.datagrams(timing, nodes).toFixed(1)})`,
          octets.toFixed(0),
          `${suspicions.toFixed(4)} (${formulas.suspicions(timing, nodes, loss).toFixed(4)})`,
          `${outcome.falsePositives} in ${outcome.seconds.toFixed(0)} s`,
        ]);
      }
if (values.json) console.log(JSON.stringify(rows));
