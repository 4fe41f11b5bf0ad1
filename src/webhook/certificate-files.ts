/** Certificates that someone else keeps fresh (`--disable-cert-rotation`, cert-manager): a directory with two files. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../errors.ts";
import type { Clock } from "../runtime/clock.ts";
import { sleep } from "../runtime/clock.ts";
import type { Credentials } from "./server.ts";

/** @throws AppError `ERR_BAD_CERTIFICATE` when one cannot be read. */
export async function readCertificateFiles(directory: string): Promise<Credentials> {
  try {
    const [cert, key] = await Promise.all(
      ["tls.crt", "tls.key"].map((file) => readFile(join(directory, file), "utf8")),
    );
    return { cert: cert ?? "", key: key ?? "" };
  } catch (cause) {
    throw new AppError("ERR_BAD_CERTIFICATE", `no tls.crt and tls.key in ${directory}`, { cause });
  }
}

const EVERY_MS = 10_000;

/**
 * Looks again every ten seconds: a mounted Secret changes by a swap of links, which file watching misses.
 * Files that do not fit (half of a change seen) are looked at again; the last good ones stay.
 */
export async function followCertificateFiles(
  directory: string,
  first: Credentials,
  use: (credentials: Credentials) => void,
  onError: (error: unknown) => void,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  let last = first;
  for (;;) {
    await sleep(clock, EVERY_MS, signal);
    if (signal.aborted) return;
    try {
      const now = await readCertificateFiles(directory);
      if (now.cert === last.cert && now.key === last.key) continue;
      use(now);
      last = now;
    } catch (error) {
      onError(error);
    }
  }
}
