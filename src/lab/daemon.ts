/** A process of the lab that can be stopped, killed and started again, as a kubelet or a person would. */
import { execa } from "execa";

export interface DaemonOptions {
  readonly name: string;
  /** Name of the network namespace it lives in. */
  readonly netns: string;
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** File that gets its output, appended. */
  readonly log: string;
  /** Told when it ends without having been asked to. */
  readonly onCrash?: (name: string, exitCode: number | undefined) => void;
  /** Started again so long after a crash; absent: it stays down. */
  readonly restartMs?: number;
}

export interface Daemon {
  readonly name: string;
  readonly log: string;
  /** Process id, or null while it is down. */
  pid(): number | null;
  start(): void;
  /** Asks it to end, and kills it when it has not done so after `graceMs`. Returns how long it took, in ms. */
  stop(signal?: NodeJS.Signals, graceMs?: number): Promise<number>;
}

export function daemon(options: DaemonOptions): Daemon {
  const { name, netns, command, env, log, onCrash, restartMs } = options;
  let restart: NodeJS.Timeout | undefined;
  let current: {
    readonly pid: number;
    readonly ended: Promise<void>;
    kill(s: string): void;
  } | null = null;
  const self: Daemon = {
    name,
    log,
    pid: () => current?.pid ?? null,
    start() {
      if (current !== null) return;
      const output = { file: log, append: true } as const;
      // A session of its own: Ctrl-C in a terminal reaches the lab alone, which then ends all in order.
      const child = execa("ip", ["netns", "exec", netns, ...command], {
        reject: false,
        buffer: false,
        detached: true,
        stdin: "ignore",
        stdout: output,
        stderr: output,
        ...(env === undefined ? {} : { env }),
      });
      const ended = child.then(({ exitCode }) => {
        if (current?.pid !== child.pid) return;
        current = null;
        onCrash?.(name, exitCode);
        if (restartMs !== undefined) restart = setTimeout(() => self.start(), restartMs);
      });
      current = { pid: child.pid ?? 0, ended, kill: (s) => void child.kill(s as NodeJS.Signals) };
    },
    async stop(signal = "SIGTERM", graceMs = 5000) {
      const began = performance.now();
      clearTimeout(restart);
      const stopping = current;
      current = null; // from here on its end is no crash
      if (stopping === null) return 0;
      const impatient = setTimeout(() => stopping.kill("SIGKILL"), graceMs);
      stopping.kill(signal);
      await stopping.ended;
      clearTimeout(impatient);
      return performance.now() - began;
    },
  };
  return self;
}
