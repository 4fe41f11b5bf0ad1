/** Waits until every claim holds, or until it is clear that one does not. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import type { Snapshot } from "../api/snapshot.ts";
import type { Store } from "../api/store.ts";
import { AppError } from "../errors.ts";
import type { Announcements, Claim } from "./claims.ts";
import { NODES } from "./plan.ts";
import type { NodeName } from "./plan.ts";
import { ipsOf } from "./rows.ts";

export interface Result {
  readonly text: string;
  /** Null: it holds. */
  readonly seen: string | null;
  /** From the start of the lab's daemons until it held, or until it was given up. */
  readonly tookMs: number;
}

/** Waits until every Service that wants an address has one; returns those that still have none. */
export async function waitForAddresses(store: Store, limitMs: number): Promise<readonly string[]> {
  const pending = (): readonly string[] | null =>
    store
      .snapshot()
      ?.services.filter((s) => s.spec?.type === "LoadBalancer" && ipsOf(s).length === 0)
      .map((s) => `${s.metadata.namespace ?? "default"}/${s.metadata.name}`) ?? null;
  const until = performance.now() + limitMs;
  while (performance.now() < until && (pending()?.length ?? 1) > 0) await sleep(50);
  return pending() ?? ["the manifests, which could not be read"];
}

/** A snapshot as one file of manifests, for the offline commands. Returns its path. */
export async function writeDump(dir: string, snapshot: Snapshot): Promise<string> {
  const { namespace: _, ...lists } = snapshot;
  const file = join(dir, "dump.yaml");
  const objects = Object.values(lists).flat();
  await writeFile(file, objects.map((o) => JSON.stringify(o)).join("\n---\n"), { mode: 0o600 });
  return file;
}

/** What each node announces, in the words of `ferrolb announce`. @throws AppError when it cannot say */
export async function announcements(
  ferrolb: readonly string[],
  manifests: string,
): Promise<Readonly<Record<NodeName, Announcements>>> {
  const [program = "", ...words] = ferrolb;
  const entries = await Promise.all(
    NODES.map(async (node) => {
      const flags = ["announce", "--node", node, "-f", manifests, "-o", "json"];
      const { stdout, stderr, exitCode } = await execa(program, [...words, ...flags], {
        reject: false,
      });
      if (exitCode !== 0)
        throw new AppError("ERR_ENVIRONMENT", `ferrolb announce --node ${node}: ${stderr}`);
      return [node, JSON.parse(stdout) as Announcements] as const;
    }),
  );
  return Object.fromEntries(entries) as Record<NodeName, Announcements>;
}

/** Checks every claim again and again until it held once or the time is up; each result is told when it is known. */
export async function checkClaims(
  claims: readonly Claim[],
  began: number,
  limitMs: number,
  onResult: (result: Result) => void,
  signal: AbortSignal,
): Promise<boolean> {
  const open = new Map<Claim, string>(claims.map((claim) => [claim, "not looked at"]));
  const until = performance.now() + limitMs;
  const goesOn = (): boolean => performance.now() < until && !signal.aborted;
  while (open.size > 0 && goesOn()) {
    for (const claim of [...open.keys()]) {
      if (!goesOn()) break;
      const seen = await claim.check();
      if (seen === null) {
        open.delete(claim);
        onResult({ text: claim.text, seen, tookMs: performance.now() - began });
      } else open.set(claim, seen);
    }
    if (open.size > 0) await sleep(200);
  }
  for (const [{ text }, seen] of open) onResult({ text, seen, tookMs: performance.now() - began });
  return open.size === 0;
}
