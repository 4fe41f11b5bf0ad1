/** Requests to the API server by user agent, from its audit log: its metrics do not tell one client from another. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { tailOf } from "../support/tail.ts";

const POLICY = {
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived", "ResponseStarted"],
  rules: [{ level: "Metadata" }],
};

export interface Audit {
  /** For kube-apiserver. */
  readonly args: readonly string[];
  mark(): Promise<number>;
  /** Requests that were answered since the mark, by the first word of the user agent. */
  since(mark: number): Promise<ReadonlyMap<string, number>>;
}

export async function createAudit(dir: string): Promise<Audit> {
  const [policy, file] = [join(dir, "audit-policy.json"), join(dir, "audit.log")];
  await writeFile(policy, JSON.stringify(POLICY));
  await writeFile(file, "");
  const log = tailOf(file);
  return {
    args: [
      `--audit-policy-file=${policy}`,
      `--audit-log-path=${file}`,
      "--audit-log-maxsize=10000",
    ],
    mark: () => log.mark(),
    since: async (mark) => countByAgent(await log.since(mark)),
  };
}

/** The last line may be half written: it counts next time. */
export function countByAgent(log: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const [, agent = ""] of log.matchAll(/"userAgent":"([^"/ ]*)/g))
    counts.set(agent, (counts.get(agent) ?? 0) + 1);
  return counts;
}
