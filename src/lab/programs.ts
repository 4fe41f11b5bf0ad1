/** Programs beside the lab's namespaces: they end with this process, however it ends. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { once } from "node:events";

/** Ports of 127.0.0.1 that were free a moment ago. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((s) => new Promise((closed) => s.close(closed))));
  return ports;
}

/** Output goes to the file. The kernel kills the program when this process is gone. */
export function startProgram(log: string, command: string, args: readonly string[]): ChildProcess {
  const output = openSync(log, "a");
  try {
    const guard = ["--pdeathsig", "KILL", "--", command, ...args];
    return spawn("setpriv", guard, { stdio: ["ignore", output, output] });
  } finally {
    closeSync(output);
  }
}

export async function stopProgram(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}
