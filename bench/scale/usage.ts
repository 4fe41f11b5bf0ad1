/** What a process takes, as the kernel counts it. */
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";

export interface Usage {
  /** MB (10^6): resident, of these its own, and the most that was ever resident. */
  readonly rssMb: number;
  readonly privateMb: number;
  readonly peakMb: number;
  /** Seconds of processor since it began. */
  readonly cpuS: number;
}

const TICKS_PER_S = 100;

export function usageOf(pid: number): Usage {
  const kB = (text: string, ...names: readonly string[]): number =>
    names.reduce((sum, n) => sum + Number(new RegExp(`^${n}:\\s+(\\d+)`, "m").exec(text)?.[1]), 0);
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // After the program's name, which may hold anything, utime and stime are the 12th and 13th field.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const mb = (n: number): number => (n * 1024) / 1e6;
  return {
    rssMb: mb(kB(rollup, "Rss")),
    privateMb: mb(kB(rollup, "Private_Clean", "Private_Dirty")),
    peakMb: mb(kB(status, "VmHWM")),
    cpuS: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S,
  };
}

/** From here on the peak is counted anew. */
export async function forgetPeak(pid: number): Promise<void> {
  await writeFile(`/proc/${pid}/clear_refs`, "5");
}

/** Its words, joined by spaces; "" when it is gone. */
export function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
  } catch {
    return ""; // it ended
  }
}
