/** Speaker or controller of either system, as a process in a namespace: started, hurt, ended. */
import { createWriteStream, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { FrrInstance } from "../../src/lab/frr-instance.ts";
import type { Netns, Running } from "../../src/lab/netns.ts";
import { reloaderScript } from "../../test/changeover/node.ts";
import { speakerEnvironment } from "../../test/support/metallb.ts";
import { eventually } from "../../test/support/wait.ts";
import type { SystemName } from "../core/result.ts";
import { addressOf } from "./plan.ts";

export interface Parts {
  readonly space: Netns;
  /** Own directory. */
  readonly dir: string;
  readonly kubeconfig: string;
  /** Directory of MetalLB's binaries; null: FerroLB alone. */
  readonly peers: string | null;
  /** Words that run FerroLB. */
  readonly ferrolb: readonly string[];
}

export interface Program {
  /** Of the program itself. @throws Error while it is down */
  pid(): number;
  /** Of what stands beside it: MetalLB's reloader. */
  besides(): readonly number[];
  start(): Promise<void>;
  /** To the program alone. */
  signal(signal: NodeJS.Signals): void;
  /** SIGTERM to all of it, and SIGKILL to what is left after ten seconds: a profile takes some to write. */
  stop(): Promise<void>;
  log(): string;
}

const GRACE_MS = 10_000;

interface Words {
  readonly beside: readonly (readonly string[])[];
  readonly besideReady: () => boolean;
  readonly program: readonly string[];
}

function program({ space, dir }: Parts, words: () => Words): Program {
  mkdirSync(dir, { recursive: true });
  const file = join(dir, "log");
  let main: Running | null = null;
  let besides: Running[] = [];
  const spawn = ([command = "", ...args]: readonly string[]): Running => {
    const child = space.spawn(command, ...args);
    const log = createWriteStream(file, { flags: "a" });
    child.stdout.pipe(log);
    child.stderr.pipe(log);
    return child;
  };
  return {
    pid() {
      if (main === null) throw new Error(`nothing runs in ${space.name}`);
      return main.pid;
    },
    besides: () => besides.map(({ pid }) => pid),
    async start() {
      const { beside, besideReady, program: command } = words();
      await main?.ended; // its ports are free again
      if (besides.length === 0) besides = beside.map(spawn);
      if (!besideReady()) await eventually("what stands beside it", besideReady);
      main = spawn(command);
    },
    signal: (signal) => main?.kill(signal),
    async stop() {
      const all = [...(main === null ? [] : [main]), ...besides];
      [main, besides] = [null, []];
      for (const child of all) child.kill("SIGCONT");
      for (const child of all) child.kill("SIGTERM");
      const ended = Promise.all(all.map((child) => child.ended));
      await Promise.race([ended, sleep(GRACE_MS)]);
      for (const child of all) child.kill("SIGKILL");
      await ended;
    },
    log: () => (existsSync(file) ? readFileSync(file, "utf8") : ""),
  };
}

export interface SpeakerParts extends Parts {
  readonly node: string;
  readonly frr: FrrInstance;
}

export function speaker(system: SystemName, parts: SpeakerParts): Program {
  const { node, frr, dir, peers } = parts;
  const shared = join(dir, "reloader");
  const environment = speakerEnvironment({
    ...{ kubeconfig: parts.kubeconfig, node, address: addressOf(node) },
    ...{ key: join(dir, "../key"), bgp: "frr" },
  });
  const ports = ["--port", "7472", "--health-probe-port", "17472"];
  if (system === "ferrolb")
    return program(parts, () => ({
      beside: [],
      besideReady: () => true,
      program: [
        ...[...environment, ...parts.ferrolb, "speaker", ...ports],
        ...["--state-dir", join(dir, "state"), "--exclude-interfaces", join(dir, "none")],
        ...["--frr-config", frr.confFile, "--vtysh", frr.vtyshPath, "--vty-dir", frr.vtyDir],
      ],
    }));
  const pidFile = join(shared, "reloader.pid");
  return program(parts, () => {
    mkdirSync(shared, { recursive: true });
    return {
      beside: [
        ["sh", "-c", reloaderScript(frr, join(peersOf(peers), "metallb-frr-reloader.sh"), shared)],
      ],
      besideReady: () => existsSync(pidFile) && readFileSync(pidFile, "utf8") !== "",
      program: [
        ...[...environment, `FRR_CONFIG_FILE=${join(shared, "frr.conf")}`],
        ...[`FRR_RELOADER_PID_FILE=${pidFile}`, join(peersOf(peers), "metallb-speaker"), ...ports],
      ],
    };
  });
}

export function controller(system: SystemName, parts: Parts): Program {
  const ports = ["--port", "7473", "--health-probe-port", "17473"];
  const environment = [
    ...["env", `KUBECONFIG=${parts.kubeconfig}`, "METALLB_BGP_TYPE=frr"],
    ...["METALLB_NAMESPACE=metallb-system", "METALLB_DEPLOYMENT=controller"],
    ...["METALLB_ML_SECRET_NAME=memberlist", "METALLB_POD_NAME=controller-0"],
  ];
  return program(parts, () => ({
    beside: [],
    besideReady: () => true,
    program: [
      ...environment,
      ...(system === "ferrolb"
        ? [...parts.ferrolb, "controller", "--state-dir", join(parts.dir, "state")]
        : [join(peersOf(parts.peers), "metallb-controller"), "--disable-cert-rotation"]),
      ...["--webhook-mode=disabled", ...ports],
    ],
  }));
}

function peersOf(peers: string | null): string {
  if (peers === null) throw new Error("MetalLB's binaries are not given");
  return peers;
}
