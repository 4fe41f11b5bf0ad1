/** A file that somebody else appends to: what has come since a mark. */
import { open, stat } from "node:fs/promises";

export interface Tail {
  /** Where the file ends now, in octets. */
  mark(): Promise<number>;
  since(mark: number): Promise<string>;
}

export const tailOf = (file: string): Tail => ({
  mark: async () => (await stat(file)).size,
  async since(mark) {
    const handle = await open(file);
    try {
      const { size } = await handle.stat();
      const { buffer } = await handle.read(Buffer.alloc(size - mark), 0, size - mark, mark);
      return buffer.toString("utf8");
    } finally {
      await handle.close();
    }
  },
});
