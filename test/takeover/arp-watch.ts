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
  /** From the moment on, in ms: when two nodes answered for the last time, per address; 0: never. */
  readonly until: ReadonlyMap<string, number>;
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

/** Rounds that have to agree, as far as they have answers, before it counts as settled. */
const STEADY = 12;

export function watchArp({ client, device, own, periodMs, ips, nodes }: ArpWatchOptions): ArpWatch {
  const rounds: Round[] = [];
  // The measuring hand comes first, so that a busy machine is not taken for a silent speaker.
  const watcher = client.spawn(
    ...(["nice", "-n", "-15", process.execPath] as const),
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
          const last = rounds.slice(-STEADY);
          return (
            last.length === STEADY &&
            (last[0]?.ms ?? 0) >= fromMs &&
            ips.every((ip) => {
              // On a busy machine an answer may miss its round; another owner may not show up.
              const heard = last.flatMap((r) => r.answers.get(ip) ?? []);
              return heard.length >= STEADY / 2 && new Set(heard).size === 1;
            })
          );
        },
        limitMs,
      );
    },
    owners: () => {
      const last = rounds.slice(-STEADY).reverse();
      const ownerOf = (ip: string) => last.find((r) => r.answers.has(ip))?.answers.get(ip)?.[0];
      return new Map(ips.map((ip) => [ip, ownerOf(ip) ?? ""]));
    },
    since: (ms) => reportOf(rounds, ips, ms),
    stop: () => watcher.kill("SIGKILL"),
  };
}

function reportOf(rounds: readonly Round[], ips: readonly string[], fromMs: number): Report {
  const relevant = rounds.filter((r) => r.ms >= fromMs);
  const gaps = new Map<string, number>();
  const overlaps = new Map<string, number>();
  const until = new Map<string, number>();
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
    until.set(ip, firstTwo === null ? 0 : lastTwo - fromMs);
  }
  return { gaps, overlaps, until, moves };
}

export const percentile = (values: Iterable<number>, share: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
};

const BOUNDS_MS = [50, 100, 150, 200, 300, 500, 750, 1000, 2000];

/** One line for people: percentiles, and how many values lie below each bound. */
export function distribution(values: readonly number[]): string {
  const at = (share: number): string => String(Math.round(percentile(values, share)));
  const counts = BOUNDS_MS.map((ms) => [ms, values.filter((v) => v <= ms).length] as const);
  const filled = counts.filter(([, n], i) => n > (counts[i - 1]?.[1] ?? 0));
  return (
    `p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, p99 ${at(0.99)} ms, most ${at(1)} ms, of ${values.length} ` +
    `(${filled.map(([ms, n]) => `${n} <= ${ms}`).join(", ")})`
  );
}
