/**
 * Labs by name: where each keeps its things, which are up, and how to remove what is left of one whose
 * process was killed. Everything of a lab lives in its namespaces and below its directory.
 */
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "../errors.ts";
import { sweepNets } from "./netns.ts";

/** Memory-backed and gone after a reboot, as namespaces are. */
export const LABS_DIR = "/run/ferrolb/lab";

/** No hyphen: the namespaces of `a` must not look like those of `a-b`. */
const NAME = /^[a-z0-9]{1,16}$/;

export interface LabRecord {
  readonly name: string;
  /** The process that runs it, and when that started (in kernel ticks: a later process may get the pid). */
  readonly pid: number;
  readonly started: string;
  readonly manifests: string;
}

/** @throws AppError `ERR_USAGE` for a name that cannot be part of a namespace's */
export function checkName(name: string): string {
  if (!NAME.test(name))
    throw new AppError("ERR_USAGE", `a lab's name is 1 to 16 letters or digits, not ${name}`);
  return name;
}
export const prefixOf = (name: string): string => `ferrolb-lab-${checkName(name)}`;
export const dirOf = (name: string): string => join(LABS_DIR, checkName(name));

/**
 * Takes the name for this process; what a killed lab of that name left is removed first.
 * @throws AppError `ERR_ENVIRONMENT` when a lab of that name is up
 */
export async function claimName(name: string, manifests: string): Promise<void> {
  const dir = dirOf(name);
  const before = await recordOf(name);
  if (before !== null && (await isAlive(before)))
    throw new AppError(
      "ERR_ENVIRONMENT",
      `a lab called ${name} is up (process ${before.pid}): end it, or choose another --name`,
    );
  await removeLeftovers(name);
  await mkdir(dir, { recursive: true });
  const record: LabRecord = {
    name,
    pid: process.pid,
    started: (await startOf(process.pid)) ?? "",
    manifests,
  };
  await writeFile(join(dir, "lab.json"), `${JSON.stringify(record)}\n`);
}

export interface Up extends LabRecord {
  /** False: its process was killed, and `lab down` removes what it left. */
  readonly alive: boolean;
}

/** Every lab that is up, or was and left something; sorted by name. */
export async function labs(): Promise<readonly Up[]> {
  const names = (await readdir(LABS_DIR).catch(() => [])).filter((n) => NAME.test(n)).sort();
  return Promise.all(
    names.map(async (name) => {
      const record = await recordOf(name);
      if (record === null) return { name, pid: 0, started: "", manifests: "", alive: false };
      return { ...record, alive: await isAlive(record) };
    }),
  );
}

/** The lab is asked to end, and whatever it leaves, or left when it was killed, is removed. */
export async function takeDown(name: string): Promise<"ended" | "removed" | "absent"> {
  const record = await recordOf(name);
  if (record !== null && (await isAlive(record))) {
    process.kill(record.pid, "SIGTERM");
    for (let waited = 0; waited < 15_000 && (await isAlive(record)); waited += 100)
      await sleep(100);
    if (await isAlive(record)) process.kill(record.pid, "SIGKILL");
    await removeLeftovers(name);
    return "ended";
  }
  return (await removeLeftovers(name)) ? "removed" : "absent";
}

/** Removes namespaces and files of a lab whose process is gone, or is this one. True: there was something. */
export async function removeLeftovers(name: string): Promise<boolean> {
  const namespaces = await sweepNets(prefixOf(name));
  const hadFiles = (await recordOf(name)) !== null;
  await rm(dirOf(name), { recursive: true, force: true });
  return namespaces.length > 0 || hadFiles;
}

async function recordOf(name: string): Promise<LabRecord | null> {
  try {
    return JSON.parse(await readFile(join(dirOf(name), "lab.json"), "utf8")) as LabRecord;
  } catch {
    return null;
  }
}

const isAlive = async ({ pid, started }: LabRecord): Promise<boolean> =>
  (await startOf(pid)) === started;

/** Field 22 of /proc/PID/stat; the command's name before it may hold anything, so count from its end. */
async function startOf(pid: number): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => null);
  const [state, ...rest] = stat?.slice(stat.lastIndexOf(")") + 2).split(" ") ?? [];
  return state === "Z" ? null : (rest[18] ?? null); // killed, and nobody has asked for its exit code
}
