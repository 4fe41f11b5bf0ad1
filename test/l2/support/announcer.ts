import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import type { Netns } from "../../../src/lab/netns.ts";
import type { Interfaces } from "../../../src/l2/interfaces.ts";

export interface Said {
  readonly event?: { readonly kind: string; readonly [key: string]: unknown };
  readonly interfaces?: readonly string[];
  readonly ready?: readonly string[];
  readonly answer?: unknown;
  /** When it was heard here. */
  readonly atMs: number;
}

/** An announcer that runs inside a namespace. */
export interface RemoteAnnouncer {
  readonly said: readonly Said[];
  readonly pid: number;
  announce(addresses: Record<string, Interfaces>): void;
  know(facts: object): void;
  /** Resolves when it is silent. */
  handOver(limitMs: number): Promise<unknown>;
  ask(what: "interfaces" | "counters" | "yielded"): Promise<unknown>;
  /** Sends `close`; the process then ends by itself when nothing is left open. */
  close(): Promise<void>;
  kill(signal?: NodeJS.Signals): void;
}

const MAIN = fileURLToPath(new URL("announcer-main.ts", import.meta.url));

export async function announcerIn(
  ns: Netns,
  node: string,
  options: object = {},
): Promise<RemoteAnnouncer> {
  const args = ["netns", "exec", ns.name, process.execPath, "--import", "tsx", MAIN];
  const child = execa("ip", [...args, JSON.stringify({ node, ...options })], {
    reject: false,
    buffer: false,
    stdin: "pipe",
    stderr: "inherit",
  });
  const said: Said[] = [];
  const waiting: (() => void)[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    said.push({ ...(JSON.parse(line) as Omit<Said, "atMs">), atMs: Date.now() });
    for (const wake of waiting.splice(0)) wake();
  });
  const next = async (from: number, is: (s: Said) => boolean): Promise<Said> => {
    for (;;) {
      const found = said.slice(from).find(is);
      if (found !== undefined) return found;
      await Promise.race([
        new Promise<void>((resolve) => waiting.push(resolve)),
        child.then(() => {
          throw new Error(`the announcer of ${node} ended`);
        }),
      ]);
    }
  };
  const write = (command: object): void => void child.stdin.write(`${JSON.stringify(command)}\n`);
  await next(0, (s) => s.ready !== undefined);
  return {
    said,
    pid: child.pid ?? 0,
    announce: (addresses) => write({ announce: addresses }),
    know: (facts) => write({ know: facts }),
    handOver: async (limitMs) => {
      const from = said.length;
      write({ handOver: limitMs });
      return (await next(from, (s) => s.answer !== undefined)).answer;
    },
    ask: async (what) => {
      const from = said.length;
      write({ ask: what });
      return (await next(from, (s) => s.answer !== undefined)).answer;
    },
    close: async () => {
      write({ close: true });
      child.stdin.end();
      await child;
    },
    kill: (signal = "SIGKILL") => void child.kill(signal),
  };
}
