/** A tar archive of small text files (POSIX.1-1988 ustar): enough for a support bundle. Pure. */
const BLOCK = 512;

export interface TarFile {
  /** At most 100 octets of ASCII. */
  readonly name: string;
  readonly content: Uint8Array;
}

function header({ name, content }: TarFile, mtimeS: number): Uint8Array {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, width: number): void =>
    void block.write(`${value.toString(8).padStart(width - 1, "0")}\0`, at, "ascii");
  block.write(name.slice(0, 100), 0, "ascii");
  octal(0o600, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(content.length, 124, 12);
  octal(mtimeS, 136, 12);
  block.write("        0", 148, "ascii"); // the checksum counts as spaces; then type 0: a file
  block.write("ustar\u000000", 257, "ascii");
  octal(
    block.reduce((sum, octet) => sum + octet, 0),
    148,
    7,
  );
  block.write("\0 ", 154, "ascii");
  return block;
}

export function tarOf(files: readonly TarFile[], mtimeS: number): Uint8Array {
  const parts = files.flatMap((file) => [
    header(file, mtimeS),
    file.content,
    Buffer.alloc((BLOCK - (file.content.length % BLOCK)) % BLOCK),
  ]);
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
}
