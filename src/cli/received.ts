/** `--received PEER=FILE`: a router's own JSON about what it has. */
import { readFile } from "node:fs/promises";
import { AppError } from "../errors.ts";
import { receivedFrom } from "../explain/received.ts";
import type { Received } from "../explain/received.ts";

/** @throws AppError `ERR_USAGE` for other words, `ERR_UNREADABLE_INPUT` for a file that is no such answer */
export async function readReceived(words: string): Promise<Received> {
  const [, peer = "", path = ""] = /^([^=]+)=(.+)$/.exec(words) ?? [];
  if (path === "") throw new AppError("ERR_USAGE", "--received takes BGPPEER=FILE");
  let said: unknown;
  try {
    said = JSON.parse(await readFile(path, "utf8"));
  } catch (cause) {
    throw new AppError("ERR_UNREADABLE_INPUT", `cannot read ${path} as JSON`, { cause });
  }
  const received = receivedFrom(peer, said);
  if (received === null)
    throw new AppError(
      "ERR_UNREADABLE_INPUT",
      `${path} is no answer to: show bgp ipv4 unicast PREFIX json`,
    );
  return received;
}
