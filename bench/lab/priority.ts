/** A share of the processor as on a machine of one's own, where others want these cores too. */
import { readdir, writeFile } from "node:fs/promises";
import { execa } from "execa";

const ABOVE = -15;

/**
 * Runs `work` with the processes above all else: within their session, and their session above the others where
 * the kernel shares by session (sched_autogroup, sched(7)), as niceness alone says nothing there.
 */
export async function favoured<T>(pids: readonly number[], work: () => Promise<T>): Promise<T> {
  const renice = async (niceness: number): Promise<void> => {
    for (const pid of pids) {
      const threads = await readdir(`/proc/${pid}/task`);
      await execa("renice", ["-n", `${niceness}`, "-p", ...threads]);
      await writeFile(`/proc/${pid}/autogroup`, `${niceness}`).catch(() => undefined); // a kernel without
    }
  };
  await renice(ABOVE);
  try {
    return await work();
  } finally {
    await renice(0).catch(() => undefined); // it may have ended
  }
}
