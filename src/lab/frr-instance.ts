/**
 * One FRR in a network namespace, with its own /etc/frr and /var/run/frr bound over the machine's inside a
 * mount namespace per daemon. Any number of them, of both versions, live side by side. As in the image,
 * `vtysh -b` loads frr.conf once the daemons listen.
 */
import { mkdir, open, readFile, rm, writeFile, chmod, access } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { AppError } from "../errors.ts";
import { frrPrograms, type Daemon, type FrrVersion } from "./frr-root.ts";

export interface FrrOptions {
  /** Name of the network namespace it lives in. */
  readonly netns: string;
  readonly version: FrrVersion;
  /** A directory of its own, made when missing: `etc/`, `run/`, `log/` and a `vtysh` command. */
  readonly dir: string;
  /** frr.conf to start with; absent keeps what `dir` holds already. */
  readonly config?: string;
  /** `false` starts bgpd as the sidecar runs it, without a listener (`-p 0`). Default `true`. */
  readonly listen?: boolean;
  /** Daemons live on when this process ends. Default `false`. */
  readonly detached?: boolean;
}

export interface FrrInstance {
  readonly version: FrrVersion;
  /** A command that behaves like this FRR's vtysh and takes its options; knows the sockets already. */
  readonly vtyshPath: string;
  readonly vtyDir: string;
  readonly confFile: string;
  /** Process ids of what runs now. */
  pids(): ReadonlyMap<Daemon, number>;
  /** Output of commands, one `-c` each. @throws AppError `ERR_FRR_UNREACHABLE` */
  vtysh(...commands: readonly string[]): Promise<string>;
  /** Kills one daemon and waits until it is gone. */
  kill(daemon: Daemon, signal?: NodeJS.Signals): Promise<void>;
  /** Starts one daemon and, as watchfrr does, loads frr.conf into it. */
  start(daemon: Daemon): Promise<void>;
  /** Kills all daemons, starts them again and loads frr.conf. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

interface Child {
  readonly pid: number;
  readonly ended: Promise<unknown>;
  kill(signal: NodeJS.Signals): void;
}

/** @throws AppError `ERR_ENVIRONMENT` where a daemon does not come up */
export async function startFrr(options: FrrOptions): Promise<FrrInstance> {
  const { version, dir, netns, listen = true, detached = false } = options;
  const programs = await frrPrograms(version);
  const etc = join(dir, "etc");
  const vtyDir = join(dir, "run");
  const confFile = join(etc, "frr.conf");
  const vtyshPath = join(dir, "vtysh");
  await prepare(dir, options.config);
  await writeCommand(vtyshPath, [
    ...programs.vtysh(),
    ...["--vty_socket", vtyDir, "--config_dir", etc],
  ]);

  const running = new Map<Daemon, Child>();
  const vtysh = async (args: readonly string[]): Promise<string> => {
    const env = { VTYSH_HISTFILE: "/dev/null" };
    const { stdout, exitCode } = await execa(vtyshPath, args, { reject: false, env });
    if (exitCode === 0) return stdout;
    throw new AppError("ERR_FRR_UNREACHABLE", `vtysh ${args.join(" ")}: ${stdout}`);
  };
  const launch = async (daemon: Daemon): Promise<void> => {
    const socket = join(vtyDir, `${daemon}.vty`);
    await rm(socket, { force: true }); // a killed daemon leaves its socket behind
    // Where FRR never ran as a service, or since the last boot, its run-time directory is missing.
    const there = "install -d -o frr -g frr /var/run/frr";
    const bind = `${there} && mount --bind ${quote(etc)} /etc/frr && mount --bind ${quote(vtyDir)} /var/run/frr`;
    const port = daemon === "bgpd" && !listen ? " -p 0" : "";
    const command = `${programs.daemon(daemon).map(quote).join(" ")} -P 0${port}`;
    // Every step replaces its process by the next, so the child's id is the daemon's.
    const script = `${bind} && exec ${command}`;
    const log = { file: join(dir, "log", `${daemon}.log`), append: true } as const;
    const child = execa("ip", ["netns", "exec", netns, "sh", "-c", script], {
      reject: false,
      buffer: false,
      stdin: "ignore",
      stdout: log,
      stderr: log,
      detached,
      cleanup: !detached,
    });
    if (detached) child.unref();
    const ended = child.then(() => "ended" as const);
    running.set(daemon, { pid: child.pid ?? 0, kill: (signal) => void child.kill(signal), ended });
    for (let tries = 0; tries < 600; tries++) {
      if (await exists(socket)) return;
      if ((await Promise.race([ended, sleep(50)])) === "ended") break;
    }
    const said = await readFile(log.file, "utf8").catch(() => "");
    throw new AppError(
      "ERR_ENVIRONMENT",
      `${daemon} ${version} did not start: ${said.slice(-500)}`,
    );
  };
  const kill = async (daemon: Daemon, signal: NodeJS.Signals = "SIGKILL"): Promise<void> => {
    const child = running.get(daemon);
    running.delete(daemon);
    child?.kill(signal);
    await child?.ended;
  };
  const stop = async (): Promise<void> => {
    await Promise.all([...running.keys()].map((daemon) => kill(daemon)));
  };
  const startAll = async (): Promise<void> => {
    for (const daemon of programs.daemons) await launch(daemon);
    await vtysh(["-b"]);
  };
  try {
    await startAll();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    version,
    vtyshPath,
    vtyDir,
    confFile,
    pids: () => new Map([...running].map(([daemon, { pid }]) => [daemon, pid])),
    vtysh: (...commands) => vtysh(commands.flatMap((command) => ["-c", command])),
    kill,
    async start(daemon) {
      await launch(daemon);
      await vtysh(["-b"]);
    },
    async restart() {
      await stop();
      await startAll();
    },
    stop,
  };
}

async function prepare(dir: string, config: string | undefined): Promise<void> {
  for (const part of ["etc", "run", "log"]) await mkdir(join(dir, part), { recursive: true });
  await writeFile(join(dir, "etc", "vtysh.conf"), "service integrated-vtysh-config\n");
  const conf = join(dir, "etc", "frr.conf");
  if (config !== undefined) await writeFile(conf, config);
  else await (await open(conf, "a")).close();
  await execa("chown", ["-R", "frr:frr", join(dir, "etc"), join(dir, "run")]);
  await chmod(conf, 0o640);
}

async function writeCommand(path: string, words: readonly string[]): Promise<void> {
  await writeFile(path, `#!/bin/sh\nexec ${words.map(quote).join(" ")} "$@"\n`, { mode: 0o755 });
}

const quote = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
