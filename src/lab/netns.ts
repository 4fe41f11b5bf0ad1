/**
 * Network namespaces, joined by veths and bridges inside them and to nothing else. A net owns everything
 * it makes under one prefix, so one call removes it, and `sweepNets` removes what a killed process left.
 */
import type { Readable } from "node:stream";
import { ExecaError, execa } from "execa";
import { AppError } from "../errors.ts";

/** One end of a veth: the interface `dev` inside `ns`, optionally in a bridge of that namespace. */
export interface End {
  readonly ns: Netns;
  readonly dev: string;
  readonly bridge?: string;
  /** Addresses with their length, `192.0.2.1/24`; IPv6 ones are usable at once (no duplicate detection). */
  readonly addresses?: readonly string[];
}

export interface Netns {
  /** As the kernel knows it (`ip netns list`). */
  readonly name: string;
  /** Standard output of a command run inside. @throws AppError `ERR_ENVIRONMENT` with its complaint */
  exec(command: string, ...args: readonly string[]): Promise<string>;
  /** A process that runs inside until it is killed; the caller owns it. */
  spawn(command: string, ...args: readonly string[]): Running;
}

/** A process of a lab. `ended` never rejects. */
export interface Running {
  readonly pid: number;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly ended: Promise<{ readonly exitCode: number | undefined }>;
  kill(signal?: NodeJS.Signals): void;
}

export interface Net {
  readonly prefix: string;
  /** A new namespace `<prefix>-<label>` with loopback up and, for labs, forwarding off. */
  namespace(label: string): Promise<Netns>;
  /** A bridge without spanning tree, up. */
  bridge(ns: Netns, dev: string): Promise<void>;
  /** A veth pair, both ends up. */
  veth(a: End, b: End): Promise<void>;
  /** Kills what runs inside and removes every namespace; safe to call twice. */
  destroy(): Promise<void>;
}

/** Names of kernels' namespaces are files: keep ours far from the limits and recognisable. */
const PREFIX = /^ferrolb-[a-z0-9-]{1,40}$/;
let nets = 0;

/** A net of its own; the default prefix is unique on this machine while this process lives. */
export function createNet(prefix = `ferrolb-${process.pid}-${++nets}`): Net {
  if (!PREFIX.test(prefix)) throw new AppError("ERR_USAGE", `bad prefix of a net: ${prefix}`);
  const names = new Set<string>();
  return {
    prefix,
    async namespace(label) {
      const name = `${prefix}-${label}`;
      await run("ip", "netns", "add", name);
      names.add(name);
      const ns = netnsCalled(name);
      await run("ip", "-n", name, "link", "set", "lo", "up");
      await ns.exec("sysctl", "-qw", "net.ipv6.conf.all.accept_dad=0");
      await ns.exec("sysctl", "-qw", "net.ipv6.conf.default.accept_dad=0");
      return ns;
    },
    async bridge(ns, dev) {
      await run("ip", "-n", ns.name, "link", "add", dev, "type", "bridge", "stp_state", "0");
      await run("ip", "-n", ns.name, "link", "set", dev, "up");
    },
    async veth(a, b) {
      const peer = ["peer", "name", b.dev, "netns", b.ns.name];
      await run("ip", "-n", a.ns.name, "link", "add", a.dev, "type", "veth", ...peer);
      for (const end of [a, b]) await bringUp(end);
    },
    async destroy() {
      for (const name of names) await removeNetns(name);
      names.clear();
    },
  };
}

/** A handle on a namespace that exists already. */
export const netnsCalled = (name: string): Netns => ({
  name,
  exec: (command, ...args) => run("ip", "netns", "exec", name, command, ...args),
  spawn(command, ...args) {
    const child = execa("ip", ["netns", "exec", name, command, ...args], {
      reject: false,
      buffer: false,
      stdin: "ignore",
    });
    return {
      pid: child.pid ?? 0,
      stdout: child.stdout,
      stderr: child.stderr,
      ended: child.then(({ exitCode }) => ({ exitCode })),
      kill: (signal = "SIGTERM") => void child.kill(signal),
    };
  },
});

/** Removes every namespace whose name starts with `prefix-`. Returns the names. */
export async function sweepNets(prefix: string): Promise<readonly string[]> {
  if (!PREFIX.test(prefix)) throw new AppError("ERR_USAGE", `bad prefix of a net: ${prefix}`);
  const left = (await run("ip", "netns", "list"))
    .split("\n")
    .map((line) => line.split(" ")[0] ?? "")
    .filter((name) => name.startsWith(`${prefix}-`));
  for (const name of left) await removeNetns(name);
  return left;
}

async function bringUp({ ns, dev, bridge, addresses = [] }: End): Promise<void> {
  if (bridge !== undefined) await run("ip", "-n", ns.name, "link", "set", dev, "master", bridge);
  await run("ip", "-n", ns.name, "link", "set", dev, "up");
  for (const address of addresses) {
    const nodad = address.includes(":") ? ["nodad"] : [];
    await run("ip", "-n", ns.name, "addr", "add", address, "dev", dev, ...nodad);
  }
}

async function removeNetns(name: string): Promise<void> {
  const { stdout } = await execa("ip", ["netns", "pids", name], { reject: false });
  for (const pid of stdout.split("\n").filter((line) => line !== ""))
    try {
      process.kill(Number(pid), "SIGKILL");
    } catch {
      // it ended by itself between the two calls
    }
  await execa("ip", ["netns", "del", name], { reject: false });
}

async function run(command: string, ...args: readonly string[]): Promise<string> {
  try {
    return (await execa(command, args)).stdout;
  } catch (cause) {
    const said = cause instanceof ExecaError ? String(cause.stderr).trim() : "";
    const words = [command, ...args].join(" ");
    throw new AppError("ERR_ENVIRONMENT", `${words} failed: ${said}`, { cause });
  }
}
