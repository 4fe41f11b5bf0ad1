/**
 * vtysh as a child process: a batch of configuration lines in, or a question out. A batch is read from a pipe
 * as `-f` reads a file: nothing is interactive, so `?` is a character, no history is kept, and no secret
 * touches the disk or the command line. A vtysh that hangs is killed with everything it started.
 */
import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { AppError } from "../errors.ts";
import { parseFrrVersion, type FrrVersion } from "../frr-config/version.ts";
import { complaintsIn, type Complaint } from "./complaints.ts";

export interface VtyshOptions {
  /** Path of vtysh, or the command with its first arguments. Default `vtysh`. */
  readonly command: string | readonly string[];
  /** Directory of the daemons' sockets; absent is vtysh's own. */
  readonly vtyDir?: string;
  /** How long one call may take. Default 5000. */
  readonly timeoutMs?: number;
}

export interface Vtysh {
  /** Output of show commands. @throws AppError `ERR_FRR_UNREACHABLE` */
  show(commands: readonly string[], timeoutMs?: number): Promise<string>;
  /**
   * Runs configuration lines in order; a refused one does not stop the rest.
   * @returns what FRR complained about, by line. @throws AppError `ERR_FRR_UNREACHABLE`
   */
  batch(lines: readonly string[]): Promise<readonly Complaint[]>;
  /**
   * What vtysh itself can say against lines, FRR being told nothing: words that are no command.
   * @throws AppError `ERR_FRR_UNREACHABLE`
   */
  check(lines: readonly string[]): Promise<readonly Complaint[]>;
  /** Of vtysh itself; `null` when it does not say. @throws AppError `ERR_FRR_UNREACHABLE` */
  version(): Promise<FrrVersion | null>;
}

/** vtysh of FRR 9 and later forks once per daemon, which then no longer follow each other. */
const NO_FORK_SINCE = 9;

export function vtyshAt(options: VtyshOptions): Vtysh {
  const { timeoutMs = 5000 } = options;
  const command = typeof options.command === "string" ? [options.command] : options.command;
  const base = [
    ...command,
    ...(options.vtyDir === undefined ? [] : ["--vty_socket", options.vtyDir]),
  ];
  let known: FrrVersion | null = null;

  const run = async (args: readonly string[], input: string, limitMs: number): Promise<Said> => {
    // The pipe of `cat` is one that can be opened by name; Node's own is a socket, which cannot.
    const script = input === "" ? 'exec "$@" 2>&1 </dev/null' : 'cat | exec "$@" 2>&1';
    const child = spawn("sh", ["-c", script, "sh", ...base, ...args], {
      detached: true, // a process group of its own, to be killed as one
      stdio: ["pipe", "pipe", "ignore"],
      env: { ...process.env, VTYSH_HISTFILE: "/dev/null", VTYSH_PAGER: "cat" },
    });
    const limit = { passed: false };
    const timer = setTimeout(() => {
      limit.passed = true;
      endGroup(child.pid);
    }, limitMs);
    try {
      const { stdout, exitCode } = await endOf(child, input);
      if (limit.passed) throw new AppError("ERR_FRR_UNREACHABLE", `vtysh hung for ${limitMs} ms`);
      if (exitCode === null || exitCode >= 126)
        throw new AppError("ERR_FRR_UNREACHABLE", "vtysh cannot be run");
      return { stdout, exitCode };
    } finally {
      clearTimeout(timer);
    }
  };

  const version = async (): Promise<FrrVersion | null> => {
    const { stdout } = await run(["--help"], "", timeoutMs);
    known = parseFrrVersion(/\(version [^)]*\)/.exec(stdout)?.[0] ?? "");
    return known;
  };

  return {
    async show(commands, limitMs = timeoutMs) {
      const args = commands.flatMap((one) => ["-c", one]);
      const { stdout, exitCode } = await run(args, "", limitMs);
      if (exitCode === 0) return stdout;
      throw new AppError("ERR_FRR_UNREACHABLE", `vtysh says: ${stdout.trim().slice(0, 200)}`);
    },
    async batch(lines) {
      const { major } = known ?? (await version()) ?? { major: 0 };
      const args = [...(major >= NO_FORK_SINCE ? ["--no-fork"] : []), "-f", "/dev/stdin"];
      const { stdout } = await run(args, textOf(lines), timeoutMs * 4);
      return complaintsIn(stdout);
    },
    async check(lines) {
      const { stdout } = await run(["-C", "-f", "/dev/stdin"], textOf(lines), timeoutMs * 4);
      return complaintsIn(stdout);
    },
    version,
  };
}

const textOf = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join("");

interface Said {
  readonly stdout: string;
  readonly exitCode: number;
}

/** Its output once both have ended; exit code null when it could not be run, or was killed. */
async function endOf(
  child: ChildProcessByStdio<Writable, Readable, null>,
  input: string,
): Promise<Said | { readonly stdout: string; readonly exitCode: null }> {
  const parts: Buffer[] = [];
  child.stdout.on("data", (part: Buffer) => parts.push(part));
  child.stdin.on("error", () => undefined); // it ended without reading all: its exit code tells
  child.stdin.end(input);
  const exitCode = await new Promise<number | null>((resolve) => {
    child.on("error", () => resolve(null));
    child.on("close", (code) => resolve(code));
  });
  return { stdout: Buffer.concat(parts).toString("utf8"), exitCode };
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // it ended by itself just now
  }
}
