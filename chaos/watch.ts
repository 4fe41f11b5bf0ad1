/** The checker's eyes: who answers the client, what stands in the routers' kernels, what their logs say was taken back. */
import { open, stat } from "node:fs/promises";
import { createInterface } from "node:readline";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Netns, Running } from "../src/lab/netns.ts";
import { parseRoutes } from "../src/lab/look.ts";

export const PROBE_MS = 50;

/** Stops the eye, and waits until it is gone. */
export type Close = () => Promise<void>;

const closing =
  (running: Running): Close =>
  async () => {
    running.kill("SIGKILL");
    await running.ended;
  };

export interface ProbeOptions {
  readonly client: Netns;
  readonly device: string;
  readonly v4: string;
  readonly v6: string;
  readonly addresses: readonly string[];
  /** Name of the node with a MAC. */
  readonly nameOf: (mac: string) => string;
  readonly onRound: (atMs: number, answers: ReadonlyMap<string, readonly string[]>) => void;
}

export function watchAnswers(o: ProbeOptions): Close {
  // First in the queue of the processor, so that a busy machine is not taken for a silent speaker.
  const probe = o.client.spawn(
    ...(["nice", "-n", "-15", process.execPath, "--import", "tsx"] as const),
    ...[resolve(import.meta.dirname, "probe-main.ts"), o.device, o.v4, o.v6, String(PROBE_MS)],
    ...o.addresses,
  );
  createInterface({ input: probe.stdout }).on("line", (line) => {
    const [ms = "", ...words] = line.split(" ").filter(Boolean);
    const answers = words.map((word) => {
      const [address = "", macs = ""] = word.split("=");
      return [address, macs.split("+").map(o.nameOf)] as const;
    });
    o.onRound(Number(ms), new Map(answers));
  });
  probe.stderr.pipe(process.stderr);
  return closing(probe);
}

const LOOP = `while :; do
  date +%s%3N; ip -j -4 route show proto bgp; echo; ip -j -6 route show proto bgp; echo; echo end; sleep 0.25
done`;

/** The kernel's routes from BGP, four times a second: prefix to the names of its next hops. */
export function watchRoutes(
  router: Netns,
  nameOf: (address: string) => string,
  onLook: (atMs: number, routes: ReadonlyMap<string, readonly string[]>) => void,
): Close {
  const loop = router.spawn("nice", "-n", "-10", "sh", "-c", LOOP);
  let lines: string[] = [];
  createInterface({ input: loop.stdout }).on("line", (line) => {
    if (line !== "end") {
      if (line.trim() !== "") lines.push(line);
      return;
    }
    const [ms = "", ...texts] = lines;
    lines = [];
    const routes = texts.flatMap((text) => [...parseRoutes(text)]);
    onLook(Number(ms), new Map(routes.map(([prefix, hops]) => [prefix, hops.map(nameOf)])));
  });
  return closing(loop);
}

/** `2026/01/31 12:00:00.000 BGP: [X] 192.0.2.1(n1) rcvd UPDATE about 192.0.2.2/32 IPv4 unicast -- withdrawn` */
const WITHDRAWN =
  /^(\d+)\/(\d+)\/(\d+) (\d+):(\d+):(\d+)\.(\d+) .*?\s(\S+?)(?:\(\S*\))? rcvd UPDATE about (\S+\/\d+)\S* .*withdrawn/;

export interface Withdrawal {
  readonly atMs: number;
  readonly neighbor: string;
  readonly prefix: string;
}

export function parseWithdrawal(line: string): Withdrawal | null {
  const found = WITHDRAWN.exec(line);
  if (found === null) return null;
  const [year = 0, month = 1, ...rest] = found.slice(1, 8).map(Number);
  const [day, hour, minute, second, ms] = rest;
  const atMs = new Date(year, month - 1, day, hour, minute, second, ms).getTime();
  return { atMs, neighbor: found[8] ?? "", prefix: found[9] ?? "" };
}

/** Follows a router's log from its end on. */
export async function watchLog(
  file: string,
  onWithdrawal: (withdrawal: Withdrawal) => void,
): Promise<Close> {
  const log = await open(file, "r");
  let position = (await stat(file)).size;
  let rest = "";
  const ending = new AbortController();
  const read = async (): Promise<void> => {
    const buffer = Buffer.alloc(1 << 16);
    for (;;) {
      const { bytesRead } = await log.read(buffer, 0, buffer.length, position);
      if (bytesRead === 0) return;
      position += bytesRead;
      const lines = (rest + buffer.toString("utf8", 0, bytesRead)).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const withdrawal = parseWithdrawal(line);
        if (withdrawal !== null) onWithdrawal(withdrawal);
      }
    }
  };
  const loop = (async () => {
    while (!ending.signal.aborted) {
      await read();
      await sleep(300, null, { signal: ending.signal }).catch(() => null);
    }
    await read();
    await log.close();
  })();
  return async () => {
    ending.abort();
    await loop;
  };
}
