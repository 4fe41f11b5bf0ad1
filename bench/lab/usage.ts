/** What processes use, as the kernel counts it. */
import { readFile } from "node:fs/promises";

const TICKS_PER_SECOND = 100;

export interface CpuTime {
  /** Seconds of the process itself, user and system. */
  readonly own: number;
  /** And of what it started and waited for. */
  readonly withChildren: number;
}

/** Fields 14 to 17 of proc(5)'s stat, behind a name that may hold anything. */
export function parseStat(text: string): CpuTime {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const seconds = (i: number): number => Number(fields[i] ?? 0) / TICKS_PER_SECOND;
  const own = seconds(11) + seconds(12);
  return { own, withChildren: own + seconds(13) + seconds(14) };
}

export const cpuOf = async (pid: number): Promise<CpuTime> =>
  parseStat(await readFile(`/proc/${pid}/stat`, "utf8"));

/** Megabytes (10^6 octets) in memory. */
export interface Resident {
  readonly all: number;
  /** Without pages of files, which are the page cache's: its program above all. */
  readonly own: number;
}

export async function residentMb(pid: number): Promise<Resident> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const mb = (field: string): number =>
    (Number(new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? NaN) * 1024) / 1e6;
  return { all: mb("VmRSS"), own: mb("RssAnon") };
}
