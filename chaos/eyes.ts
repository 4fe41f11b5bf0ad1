/** All of the checker's eyes on one lab: they keep what was seen last, and tell the judge once it judges. */
import { availableParallelism, loadavg } from "node:os";
import type { Lab } from "../src/lab/lab.ts";
import { whoIsWho } from "../src/lab/look.ts";
import { NODES, ROUTERS, addressOf } from "../src/lab/plan.ts";
import type { NodeName } from "../src/lab/plan.ts";
import { routerLog } from "../src/lab/router-config.ts";
import type { Judge } from "./judge.ts";
import type { Wire } from "./status.ts";
import { watchAnswers, watchLog, watchRoutes } from "./watch.ts";
import type { Close } from "./watch.ts";
import type { Spot } from "./world.ts";

export interface Eyes {
  readonly wire: Wire;
  /** From now on the judge is told. */
  judge(does: boolean): void;
  /** Whether a first round has come. */
  isOpen(): boolean;
  seen(): { readonly rounds: number; readonly routeLooks: number; readonly busiest: number };
  close(): Promise<void>;
}

/** An address without an answer for so long has nobody: a round alone may be lost. */
const SILENT_MS = 1000;
/** Processes that want each core, up to which the bounds are meant. */
const CALM_LOAD = 2;

export async function openEyes(lab: Lab, spots: readonly Spot[], judge: Judge): Promise<Eyes> {
  const { places, dir } = lab;
  const owners = new Map<string, readonly string[]>();
  const routes = new Map<string, ReadonlyMap<string, readonly string[]>>();
  const answeredMs = new Map<string, number>();
  let [rounds, routeLooks, busiest] = [0, 0, 0];
  let [judging, open] = [false, false];
  const nameOf = await whoIsWho(places);
  const closers: Close[] = [
    watchAnswers({
      ...{ client: places.c1, device: "eth0", nameOf },
      ...{ v4: addressOf("c1", "lan"), v6: addressOf("c1", "lan", "v6") },
      addresses: spots.filter((s) => s.by === "l2").map((s) => s.address),
      onRound(atMs, answers) {
        open = true;
        for (const [address, who] of answers) {
          owners.set(address, who);
          answeredMs.set(address, atMs);
        }
        for (const [address, lastMs] of answeredMs)
          if (atMs - lastMs > SILENT_MS) owners.delete(address);
        if (!judging) return;
        rounds++;
        judge.round(atMs, answers);
      },
    }),
  ];
  for (const router of ROUTERS)
    closers.push(
      watchRoutes(places[router], nameOf, (atMs, seen) => {
        routes.set(router, seen);
        if (!judging) return;
        routeLooks++;
        judge.routes(router, atMs, seen);
      }),
      await watchLog(routerLog(dir, router), ({ atMs, neighbor, prefix }) => {
        const node = nameOf(neighbor);
        if (judging && isNode(node)) judge.withdrawn(router, node, prefix, atMs);
      }),
    );
  const timer = setInterval(() => {
    const perCore = (loadavg()[0] ?? 0) / availableParallelism();
    busiest = Math.max(busiest, perCore);
    judge.load(perCore / CALM_LOAD);
  }, 1000);
  return {
    wire: { owners, routes },
    judge: (does) => (judging = does),
    isOpen: () => open,
    seen: () => ({ rounds, routeLooks, busiest }),
    async close() {
      clearInterval(timer);
      for (const close of closers.reverse()) await close();
    },
  };
}

const isNode = (name: string): name is NodeName => (NODES as readonly string[]).includes(name);
