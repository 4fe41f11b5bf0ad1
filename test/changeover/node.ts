/** One node: its FRR, and either kind of speaker around it, each started and stopped as the kubelet does. */
import { createWriteStream, existsSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cacheDir } from "../../src/lab/frr-root.ts";
import type { FrrInstance } from "../../src/lab/frr-instance.ts";
import type { Netns, Running } from "../../src/lab/netns.ts";
import { speakerEnvironment } from "../support/metallb.ts";
import { eventually } from "../support/wait.ts";
import { addressOf } from "./plan.ts";

export type Kind = "metallb" | "ferrolb";

export interface NodeParts {
  readonly name: string;
  readonly space: Netns;
  readonly frr: FrrInstance;
  /** Own directory, made when missing. */
  readonly dir: string;
  readonly kubeconfig: string;
  /** Directory of MetalLB's binaries. */
  readonly peers: string;
  /** Words that run FerroLB. */
  readonly ferrolb: readonly string[];
}

export interface Node {
  readonly name: string;
  /** Kind of the speaker that runs, null between the two. */
  readonly kind: () => Kind | null;
  start(kind: Kind): Promise<void>;
  /** SIGTERM, and SIGKILL to what is left after the two seconds of MetalLB's manifest. */
  stop(): Promise<void>;
  /** What a new Pod finds: FRR with nothing but its first configuration. `before`: what is waited for between the two. */
  freshFrr(before: () => Promise<unknown>): Promise<void>;
  readonly log: () => string;
}

const GRACE_MS = 2000;
const FIRST_CONF = "deploy/frr-startup/frr.conf";

export async function createNode(parts: NodeParts): Promise<Node> {
  const { name, space, frr, dir, kubeconfig, peers } = parts;
  const shared = join(dir, "reloader");
  await mkdir(shared, { recursive: true });
  let kind: Kind | null = null;
  let running: Running[] = [];

  const spawn = (words: readonly string[]): void => {
    const [program = "", ...args] = words;
    const child = space.spawn(program, ...args);
    const log = createWriteStream(join(dir, "log"), { flags: "a" });
    child.stdout.pipe(log);
    child.stderr.pipe(log);
    running.push(child);
  };
  const environment = speakerEnvironment({
    ...{ kubeconfig, node: name, address: addressOf(name), key: join(dir, "../key"), bgp: "frr" },
  });
  const theirs = async (): Promise<void> => {
    spawn(["sh", "-c", reloaderScript(frr, join(peers, "metallb-frr-reloader.sh"), shared)]);
    await eventually(
      "the reloader runs",
      () => readFileSync(join(shared, "reloader.pid"), "utf8") !== "",
    );
    spawn([
      ...environment,
      `FRR_CONFIG_FILE=${join(shared, "frr.conf")}`,
      `FRR_RELOADER_PID_FILE=${join(shared, "reloader.pid")}`,
      ...[join(peers, "metallb-speaker"), "--port", "7472", "--health-probe-port", "17472"],
    ]);
  };
  const ours = (): void =>
    spawn([
      ...[...environment, ...parts.ferrolb, "speaker"],
      ...["--state-dir", join(dir, "state"), "--exclude-interfaces", join(dir, "none")],
      ...["--port", "0", "--health-probe-port", "0", "--frr-config", frr.confFile],
      ...["--vtysh", frr.vtyshPath, "--vty-dir", frr.vtyDir],
    ]);

  return {
    name,
    kind: () => kind,
    async start(next) {
      if (next === "metallb") await theirs();
      else ours();
      kind = next;
    },
    async stop() {
      for (const child of running) child.kill("SIGTERM");
      const ended = Promise.all(running.map((child) => child.ended));
      await Promise.race([ended, sleep(GRACE_MS)]);
      for (const child of running) child.kill("SIGKILL");
      await ended;
      running = [];
      kind = null;
    },
    async freshFrr(before) {
      await frr.stop(); // SIGKILL, as what is left in a container is ended
      await before();
      await writeFile(frr.confFile, readFileSync(FIRST_CONF, "utf8"));
      await frr.restart();
    },
    log: () => (existsSync(join(dir, "log")) ? readFileSync(join(dir, "log"), "utf8") : ""),
  };
}

const quote = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

/** frr-reload.py uses fixed paths: this node's FRR is bound there, its vtysh and script too where they differ. */
export function reloaderScript(frr: FrrInstance, script: string, shared: string): string {
  const etc = join(frr.confFile, "..");
  const binds: [string, string][] = [
    [etc, "/etc/frr"],
    [frr.vtyDir, "/var/run/frr"],
  ];
  if (frr.version === "10.3")
    binds.push(
      [frr.vtyshPath, "/usr/bin/vtysh"],
      [join(cacheDir(), "frr-10.3/usr/lib/frr/frr-reload.py"), "/usr/lib/frr/frr-reload.py"],
    );
  return [
    ...binds.map(([from, to]) => `mount --bind ${quote(from)} ${to}`),
    `SHARED_VOLUME=${quote(shared)} exec bash ${quote(script)}`,
  ].join(" && ");
}
