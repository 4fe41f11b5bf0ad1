/** A client that asks for addresses all the time, and what its record says: who answered, since when not. */
import { createInterface } from "node:readline";
import { resolve } from "node:path";
import type { Netns } from "../../src/lab/netns.ts";
import { eventually } from "../support/wait.ts";

export interface Report {
  /** Longest time without an answer, per address, in ms. */
  readonly gaps: ReadonlyMap<string, number>;
  /** Time from the first to the last round in which two nodes answered, per address, in ms. */
  readonly overlaps: ReadonlyMap<string, number>;
  /** Changes of owner. */
  readonly moves: number;
}

export interface ArpWatch {
  /** Every address is answered by one node, over some rounds in a row. */
  readonly settled: (limitMs?: number) => Promise<void>;
  /** Owner of each address as last heard; "" where nobody answered. */
  readonly owners: () => ReadonlyMap<string, string>;
  /** What happened to the addresses from a moment on. */
  readonly since: (ms: number) => Report;
  stop(): void;
}

export interface ArpWatchOptions {
  readonly client: Netns;
  readonly device: string;
  /** Address of the client. */
  readonly own: string;
  readonly periodMs: number;
  readonly ips: readonly string[];
  /** Node by the MAC of its interface. */
  readonly nodes: ReadonlyMap<string, string>;
}

interface Round {
  readonly ms: number;
  readonly answers: ReadonlyMap<string, readonly string[]>;
}

/** Rounds that have to agree before it counts as settled. */
const STEADY = 10;

export function watchArp({ client, device, own, periodMs, ips, nodes }: ArpWatchOptions): ArpWatch {
  const rounds: Round[] = [];
  const watcher = client.spawn(
    process.execPath,
    ...["--import", "tsx", resolve(import.meta.dirname, "arp-watch-main.ts")],
    ...[device, own, String(periodMs), ...ips],
  );
  createInterface({ input: watcher.stdout }).on("line", (line) => {
    const [ms = "", ...answers] = line.split(" ").filter(Boolean);
    rounds.push({
      ms: Number(ms),
      answers: new Map(
        answers.map((word) => {
          const [ip = "", list = ""] = word.split("=");
          return [ip, list.split("+").map((mac) => nodes.get(mac) ?? mac)];
        }),
      ),
    });
    if (rounds.length > 40_000) rounds.splice(0, 10_000);
  });
  return {
    settled: async (limitMs = 30_000) => {
      const fromMs = Date.now();
      await eventually(
        "one owner for each address",
        () => {
          const last = rounds.slice(-STEADY - 2);
          const steady = last.slice(2);
          return (
            steady.length === STEADY &&
            (last[0]?.ms ?? 0) >= fromMs &&
            steady.every((r) => ips.every((ip) => r.answers.get(ip)?.length === 1)) &&
            ips.every((ip) => new Set(steady.map((r) => r.answers.get(ip)?.[0])).size === 1)
          );
        },
        limitMs,
      );
    },
    owners: () => {
      const last = rounds.at(-1);
      return new Map(ips.map((ip) => [ip, last?.answers.get(ip)?.[0] ?? ""]));
    },
    since: (ms) => reportOf(rounds, ips, ms),
    stop: () => watcher.kill("SIGKILL"),
  };
}

function reportOf(rounds: readonly Round[], ips: readonly string[], fromMs: number): Report {
  const relevant = rounds.filter((r) => r.ms >= fromMs);
  const gaps = new Map<string, number>();
  const overlaps = new Map<string, number>();
  let moves = 0;
  for (const ip of ips) {
    let lastMs = fromMs;
    let longest = 0;
    let owner = "";
    let firstTwo: number | null = null;
    let lastTwo = 0;
    for (const { ms, answers } of relevant) {
      const who = answers.get(ip) ?? [];
      if (who.length > 0) {
        longest = Math.max(longest, ms - lastMs);
        lastMs = ms;
      }
      if (who.length > 1) {
        firstTwo ??= ms;
        lastTwo = ms;
      }
      if (who.length === 1 && who[0] !== undefined && who[0] !== owner) {
        if (owner !== "") moves++;
        owner = who[0];
      }
    }
    gaps.set(ip, Math.max(longest, (relevant.at(-1)?.ms ?? fromMs) - lastMs));
    overlaps.set(ip, firstTwo === null ? 0 : lastTwo - firstTwo);
  }
  return { gaps, overlaps, moves };
}

export const percentile = (values: Iterable<number>, share: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
};
