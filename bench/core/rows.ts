/** The rows of the table: what is measured, in which unit, and what FerroLB must reach (docs/benchmarks.md). */
import type { Plan } from "./plan.ts";
import type { Summary } from "./stats.ts";

export const GROUPS = [
  "routes",
  "burst",
  "disturb",
  "attributes",
  "local",
  "memory",
  "restart",
  "l2",
  "takeover",
  "sizes",
] as const;
export type GroupName = (typeof GROUPS)[number];

export type Statistic = keyof Pick<Summary, "p50" | "p95" | "most" | "least">;

export type Budget =
  | { readonly kind: "atMost" | "atLeast"; readonly value: number; readonly of: Statistic }
  /** No more than MetalLB needs in the same run. */
  | { readonly kind: "noMoreThanPeer"; readonly of: Statistic };

export interface RowSpec {
  readonly id: string;
  readonly group: GroupName;
  readonly what: string;
  readonly unit: "ms" | "us" | "MB" | "% of a core" | "routes" | "addresses" | "/s" | "%" | "kB";
  readonly better: "less" | "more";
  readonly budget: Budget | null;
}

const atMost = (value: number, of: Statistic = "p95"): Budget => ({ kind: "atMost", value, of });
const NO_MORE: Budget = { kind: "noMoreThanPeer", of: "p50" };

const others = (n: number): string => (n === 0 ? "alone" : `beside ${n} others`);

/** Every row that these counts give, in the order of the table. */
export function rowsFor(plan: Plan): readonly RowSpec[] {
  const rows: RowSpec[] = [];
  const add = (
    ...[group, id, what, unit, budget = null, better = "less"]: readonly [
      group: GroupName,
      id: string,
      what: string,
      unit: RowSpec["unit"],
      budget?: Budget | null,
      better?: RowSpec["better"],
    ]
  ): void => void rows.push({ id, group, what, unit, better, budget });

  for (const n of plan.sizes)
    add("routes", `create-${n}`, `Service created ${others(n)}, to its route`, "ms", atMost(300));
  for (const n of plan.sizes)
    add("routes", `delete-${n}`, `Service deleted ${others(n)}, to no route`, "ms", atMost(300));
  for (const n of plan.sizes.filter((size) => size > 0)) {
    add("routes", `cold-first-${n}`, `speaker started with ${n} Services, to a first route`, "ms");
    add("routes", `cold-all-${n}`, `speaker started with ${n} Services, to all routes`, "ms");
  }
  const { burst, disturbed } = plan;
  add("burst", "burst-last", `${burst} created: last create to last route`, "ms", atMost(1000));
  add("burst", "burst-after", `one created right after ${burst} others`, "ms", atMost(350));
  for (const [id, what] of [
    ["created", `others' routes withdrawn by a Service created, of ${disturbed}`],
    ["deleted", `others' routes withdrawn by a Service deleted, of ${disturbed}`],
    [
      "both",
      `others' routes withdrawn by one created and, once it is there, one deleted, of ${disturbed}`,
    ],
  ] as const)
    add("disturb", `others-${id}`, what, "routes", atMost(0, "most"));
  for (const [id, what] of [
    ["created", "others' routes sent again when a Service is created"],
    ["deleted", "others' routes sent again when a Service is deleted"],
    ["both", "others' routes sent again when one is created, then one deleted"],
  ] as const)
    add("disturb", `again-${id}`, what, "routes");
  add("attributes", "community-first", "community changed, to a first route that has it", "ms");
  add("attributes", "community-last", `community changed, to all ${plan.attributes} routes`, "ms");
  add(
    "local",
    "local-move",
    "only endpoint moved under policy Local, to the other node's route",
    "ms",
  );
  for (const n of plan.memory) {
    const at = n === 1 ? "1 Service" : `${n} Services`;
    add("memory", `rss-${n}`, `speaker's resident memory, ${at}`, "MB", NO_MORE);
    add("memory", `own-${n}`, `of these without pages of files, ${at}`, "MB");
    add("memory", `rss-churn-${n}`, `speaker's resident memory after churn, ${at}`, "MB", NO_MORE);
    add("memory", `own-churn-${n}`, `of these without pages of files, after churn, ${at}`, "MB");
    add("memory", `controller-rss-${n}`, `controller's resident memory, ${at}`, "MB");
    add("memory", `cpu-${n}`, `speaker's CPU, idle, ${at}`, "% of a core");
    add(
      "memory",
      `cpu-churn-${n}`,
      `speaker's CPU, ${plan.churnPerS} changes/s, ${at}`,
      "% of a core",
    );
    add(
      "memory",
      `cpu-node-${n}`,
      `node's CPU (and reloader, vtysh, FRR), same churn, ${at}`,
      "% of a core",
    );
    add("memory", `controller-cpu-${n}`, `controller's CPU, same churn, ${at}`, "% of a core");
    add("memory", `requests-${n}`, `API requests, idle, ${at}`, "/s");
    add("memory", `requests-churn-${n}`, `API requests, ${plan.churnPerS} changes/s, ${at}`, "/s");
  }
  const { adopted } = plan;
  add(
    "restart",
    "restart",
    `controller restarted over ${adopted} Services, to the next address given`,
    "ms",
    atMost(2000),
  );
  add(
    "restart",
    "restart-changed",
    `addresses changed by that, of ${adopted}`,
    "addresses",
    atMost(0, "most"),
  );
  add("l2", "arp-p50", "ARP reply, p50 of each run", "us", atMost(100, "p50"));
  add("l2", "arp-p99", "ARP reply, p99 of each run", "us");
  const held = { kind: "atLeast", value: 99, of: "p50" } as const;
  add("l2", "arp-held", `ARP requests answered at ${plan.loadPerS}/s`, "%", held, "more");
  add("l2", "ndp-p50", "neighbor advertisement, p50 of each run", "us");
  add("l2", "ndp-p99", "neighbor advertisement, p99 of each run", "us");
  add("l2", "ndp-held", `neighbor solicitations answered at ${plan.loadPerS}/s`, "%", held, "more");
  add(
    "takeover",
    "gap-kill",
    "L2 address without an answer: speaker killed (SIGKILL)",
    "ms",
    atMost(500),
  );
  add("takeover", "gap-cut", "L2 address without an answer: link cut", "ms", atMost(1000));
  add("takeover", "gap-stop", "L2 address without an answer: speaker frozen (SIGSTOP)", "ms");
  add("takeover", "gap-term", "L2 address without an answer: speaker asked to end (SIGTERM)", "ms");
  add(
    "takeover",
    "false-takeover",
    "addresses that moved while nothing was broken, under load",
    "addresses",
    atMost(0, "most"),
  );
  add(
    "sizes",
    "programs",
    "programs of speaker and controller on disk, without Node and FRR",
    "MB",
  );
  add("sizes", "programs-gz", "the same, compressed as an image layer is", "MB");
  return rows;
}
