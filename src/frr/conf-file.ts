/** frr.conf on disk: replaced as a whole, 0640, of the group that FRR reads it with. */
import { chmod, chown, open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";

/** What is there; `""` where nothing is. */
export const readConfFile = (path: string): Promise<string> =>
  readFile(path, "utf8").catch(() => "");

/**
 * A reader sees the old text or the new one, never a part; after a power cut too.
 * @throws the file system's own error (`ENOSPC`, `EACCES`, ...), and leaves nothing behind
 */
export async function replaceConfFile(path: string, text: string): Promise<void> {
  const dir = dirname(path);
  const fresh = join(dir, `.frr.conf.${process.pid}`);
  try {
    const file = await open(fresh, "w", 0o640);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await chmod(fresh, 0o640); // whatever the umask is
    await belongsTo(fresh, dir);
    await rename(fresh, path);
  } catch (error) {
    await rm(fresh, { force: true });
    throw error;
  }
}

/** In a setgid directory the group is right already; else we try, and need no right to. */
async function belongsTo(file: string, dir: string): Promise<void> {
  const [mine, theirs] = [await stat(file), await stat(dir)];
  if (mine.uid === theirs.uid && mine.gid === theirs.gid) return;
  await chown(file, theirs.uid, theirs.gid).catch(() => undefined);
}
