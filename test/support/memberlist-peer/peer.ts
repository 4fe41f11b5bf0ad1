/** Builds and runs the member made of hashicorp/memberlist itself (main.go beside this file). */
import { createInterface } from "node:readline";
import { existsSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import type { ResultPromise } from "execa";

const here = fileURLToPath(new URL(".", import.meta.url));
const cache = process.env["FERROLB_CACHE"] ?? "/var/cache/ferrolb";

/** Path of the binary, built when it is missing or older than its source; null without Go. */
export async function buildPeer(): Promise<string | null> {
  const binary = join(cache, "memberlist-peer");
  const source = join(here, "main.go");
  if (existsSync(binary) && statSync(binary).mtimeMs >= statSync(source).mtimeMs) return binary;
  const go = await execa("go", ["version"], { reject: false });
  if (go.failed) return null;
  mkdirSync(cache, { recursive: true });
  await execa("go", ["build", "-o", binary, "."], { cwd: here });
  return binary;
}

interface PeerEvent {
  readonly event: string;
  readonly node?: string;
  readonly meta?: string;
  readonly names?: readonly string[];
}

export class Peer {
  readonly events: PeerEvent[] = [];
  readonly #process: ResultPromise;

  constructor(binary: string, args: readonly string[]) {
    const child = execa(binary, args, { reject: false, stdin: "pipe", stderr: "inherit" });
    createInterface({ input: child.stdout }).on("line", (text) =>
      this.events.push(JSON.parse(text) as PeerEvent),
    );
    this.#process = child as unknown as ResultPromise;
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }
  saw(event: string, node?: string): boolean {
    return this.events.some((e) => e.event === event && (node === undefined || e.node === node));
  }
  say(command: string): void {
    this.#process.stdin?.write(`${command}\n`);
  }
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    this.#process.kill(signal);
    if (signal === "SIGKILL") await this.#process;
  }
}
