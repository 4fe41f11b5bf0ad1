/** The running configuration as it was read last, and whether the daemons are still those that it was read from. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../errors.ts";
import { parseTree, type Block } from "../frr-config/tree.ts";
import { parseFrrVersion, type FrrVersion } from "../frr-config/version.ts";
import type { Vtysh } from "./vtysh.ts";

export interface Running {
  readonly tree: Block;
  /** The text it was parsed from: equal text needs no second look. */
  readonly text: string;
  /** Daemons that vtysh was connected to. */
  readonly daemons: ReadonlySet<string>;
  readonly version: FrrVersion | null;
  /** Lines of `tree` that bgpd lacks, with what it has below them instead (`direct.ts`). */
  readonly lacked?: ReadonlyMap<string, Block>;
  /** Mark of bgpd's own text, where it was read from bgpd alone (`direct.ts`). */
  readonly bgpd?: string;
}

/**
 * @param before what was read last: a text that has not changed is not taken apart again
 * @throws AppError `ERR_FRR_UNREACHABLE` when vtysh fails or no daemon answers
 */
export async function readRunning(
  vtysh: Vtysh,
  timeoutMs?: number,
  before: Running | null = null,
): Promise<Running> {
  const said = await vtysh.show(["show daemons", "show running-config"], timeoutMs);
  const [first = "", ...rest] = said.split("\n");
  const daemons = new Set(
    first
      .trim()
      .split(/\s+/)
      .filter((name) => name !== ""),
  );
  if (!daemons.has("zebra") || !daemons.has("bgpd"))
    throw new AppError("ERR_FRR_UNREACHABLE", `FRR daemons that answer: ${first.trim() || "none"}`);
  const text = rest.join("\n");
  if (text === before?.text) return { ...before, daemons };
  const version = parseFrrVersion(/^frr version .*$/m.exec(text)?.[0] ?? "");
  return { tree: parseTree(text), text, daemons, version };
}

/** The daemons that have a socket, sorted. @throws the file system's own error */
export async function daemonsIn(vtyDir: string): Promise<readonly string[]> {
  const names = (await readdir(vtyDir)).filter((name) => name.endsWith(SOCKET)).sort();
  return names.map((name) => name.slice(0, -SOCKET.length));
}
const SOCKET = ".vty";

/**
 * Changes when a daemon was started anew: each makes its socket again. Costs no process, so it can be asked
 * before and after every batch. `""` where the directory is missing or unknown.
 */
export async function incarnation(vtyDir: string | undefined): Promise<string> {
  if (vtyDir === undefined) return "";
  try {
    const names = await daemonsIn(vtyDir);
    const stats = await Promise.all(names.map((name) => stat(join(vtyDir, name + SOCKET))));
    return stats.map(({ ino, ctimeMs }, i) => `${names[i] ?? ""} ${ino} ${ctimeMs}`).join("\n");
  } catch {
    return "";
  }
}
