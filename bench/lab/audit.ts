/** Requests to the API server by user agent, from its audit log: its metrics do not tell one client from another. */
import { open, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

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
  const [policy, log] = [join(dir, "audit-policy.json"), join(dir, "audit.log")];
  await writeFile(policy, JSON.stringify(POLICY));
  await writeFile(log, "");
  return {
    args: [`--audit-policy-file=${policy}`, `--audit-log-path=${log}`, "--audit-log-maxsize=10000"],
    mark: async () => (await stat(log)).size,
    async since(mark) {
      const handle = await open(log);
      try {
        const { size } = await handle.stat();
        const { buffer } = await handle.read(Buffer.alloc(size - mark), 0, size - mark, mark);
        return countByAgent(buffer.toString("utf8"));
      } finally {
        await handle.close();
      }
    },
  };
}

/** The last line may be half written: it counts next time. */
export function countByAgent(log: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const [, agent = ""] of log.matchAll(/"userAgent":"([^"/ ]*)/g))
    counts.set(agent, (counts.get(agent) ?? 0) + 1);
  return counts;
}
