/** Both speakers on one node, started as a kubelet would, one at a time. */
import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { createNode } from "../../test/changeover/node.ts";
import { commandOf } from "./usage.ts";
import type { Site } from "./site.ts";
import { NODE } from "./world.ts";

export interface Speaker {
  readonly name: "ferrolb" | "metallb";
  readonly pid: number;
  /** Path of what it logged. */
  readonly log: string;
  stop(): Promise<void>;
}

export interface FerrolbOptions {
  /** Of Node, before the program. */
  readonly nodeFlags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Of the speaker. */
  readonly flags?: readonly string[];
}

let runs = 0;

export async function startFerrolb(site: Site, o: FerrolbOptions = {}): Promise<Speaker> {
  const dir = join(site.dir, `ferrolb-${++runs}`);
  await mkdir(dir, { recursive: true });
  const environment = {
    KUBECONFIG: site.kubeconfig,
    METALLB_BGP_TYPE: "frr",
    METALLB_NODE_NAME: NODE,
    METALLB_POD_NAME: `speaker-${NODE}`,
    METALLB_NAMESPACE: "metallb-system",
    METALLB_ML_BIND_ADDR: "192.0.2.11",
    METALLB_ML_LABELS: "app=metallb,component=speaker",
    METALLB_ML_SECRET_KEY_PATH: join(site.dir, "key"),
    NODE_ENV: "production",
    ...o.env,
  };
  const child = site.node.spawn(
    "env",
    ...Object.entries(environment).map(([key, value]) => `${key}=${value}`),
    ...[process.execPath, ...(o.nodeFlags ?? [])],
    ...[resolve(import.meta.dirname, "../../bin/ferrolb"), "speaker"],
    ...["--state-dir", join(dir, "state"), "--exclude-interfaces", join(dir, "none")],
    ...["--frr-config", site.frr.confFile, "--vtysh", site.frr.vtyshPath],
    ...["--vty-dir", site.frr.vtyDir, ...(o.flags ?? [])],
  );
  const log = join(dir, "log");
  const file = createWriteStream(log);
  child.stdout.pipe(file, { end: false });
  child.stderr.pipe(file, { end: false });
  const pid = await pidOf(site, "bin/ferrolb speaker");
  return {
    ...{ name: "ferrolb", pid, log },
    async stop() {
      child.kill("SIGTERM");
      const patience = setTimeout(() => child.kill("SIGKILL"), 6000);
      await child.ended;
      clearTimeout(patience);
    },
  };
}

/** @param peers directory of MetalLB's binaries */
export async function startMetallb(site: Site, peers: string): Promise<Speaker> {
  const dir = join(site.dir, `metallb-${++runs}`);
  await mkdir(dir, { recursive: true });
  const { node: space, frr, kubeconfig } = site;
  const node = await createNode({
    ...{ name: NODE, space, frr, dir, kubeconfig, peers: resolve(peers), ferrolb: [] },
  });
  await node.start("metallb");
  const pid = await pidOf(site, "metallb-speaker --port");
  return { name: "metallb", pid, log: join(dir, "log"), stop: () => node.stop() };
}

async function pidOf(site: Site, words: string): Promise<number> {
  for (let tries = 0; tries < 200; tries++) {
    const pids = await pidsIn(site);
    for (const pid of pids.split("\n").filter((line) => line !== "")) {
      const command = commandOf(Number(pid));
      if (command.includes(words) && !command.startsWith("env ") && !command.startsWith("ip "))
        return Number(pid);
    }
    await sleep(50);
  }
  throw new Error(`nobody runs ${words}`);
}

async function pidsIn(site: Site): Promise<string> {
  return (await execa("ip", ["netns", "pids", site.node.name])).stdout;
}
