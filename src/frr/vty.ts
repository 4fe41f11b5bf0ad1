/**
 * Questions to one FRR daemon over its own socket, as vtysh asks them, without starting a process: a scrape
 * and the look for one prefix cost a millisecond. Of configuration only prefixes go this way (`direct.ts`).
 */
import { connect } from "node:net";
import type { Socket } from "node:net";
import { join } from "node:path";
import { AppError } from "../errors.ts";

export interface Vty {
  /** Answers come in the order of the questions. @throws AppError `ERR_FRR_UNREACHABLE` */
  ask(command: string): Promise<string>;
  close(): void;
}

interface Question {
  readonly resolve: (text: string) => void;
  readonly reject: (error: AppError) => void;
}

/** An answer ends with three zero octets and the command's status. */
const END = 4;
/** More than any answer has: 16 MB of neighbours is no FRR of ours. */
const MAX_BYTES = 16 * 1024 * 1024;

/** Connects when it is first asked, and again after a failure. */
export function vtyTo(daemon: string, vtyDir: string, timeoutMs = 2000): Vty {
  let socket: Socket | null = null;
  let waiting: Question[] = [];
  let heard: Buffer[] = [];
  let bytes = 0;

  const fail = (reason: string): void => {
    const broken = waiting;
    [waiting, heard, bytes] = [[], [], 0];
    socket?.destroy();
    socket = null;
    for (const { reject } of broken)
      reject(new AppError("ERR_FRR_UNREACHABLE", `${daemon}: ${reason}`));
  };

  const take = (chunk: Buffer): void => {
    heard.push(chunk);
    bytes += chunk.length;
    if (bytes > MAX_BYTES) {
      fail("the answer has no end");
      return;
    }
    let all = heard.length === 1 ? chunk : Buffer.concat(heard);
    for (let end = endOf(all); end !== -1; end = endOf(all)) {
      waiting.shift()?.resolve(all.toString("utf8", 0, end));
      all = all.subarray(end + END);
    }
    [heard, bytes] = [[all], all.length];
    socket?.setTimeout(waiting.length > 0 ? timeoutMs : 0);
  };

  const open = (): Socket => {
    const fresh = connect(join(vtyDir, `${daemon}.vty`));
    const ifCurrent = (run: () => void) => () => {
      if (socket === fresh) run();
    };
    fresh.on("data", take);
    fresh.on(
      "error",
      ifCurrent(() => fail("its socket cannot be reached")),
    );
    fresh.on(
      "close",
      ifCurrent(() => fail("it went away")),
    );
    fresh.on(
      "timeout",
      ifCurrent(() => fail(`no answer for ${timeoutMs} ms`)),
    );
    fresh.unref();
    // As vtysh does: some questions are for the enabled alone. Nobody waits for this answer's text.
    waiting.push({ resolve: () => undefined, reject: () => undefined });
    fresh.write("enable\0");
    return fresh;
  };

  return {
    ask: (command) =>
      new Promise((resolve, reject) => {
        // A line end or a zero octet would begin another command.
        if (!/^[ -~]+$/.test(command)) {
          reject(new AppError("ERR_UNSAFE_TOKEN", "not one command"));
          return;
        }
        socket ??= open();
        waiting.push({ resolve, reject });
        socket.setTimeout(timeoutMs);
        socket.write(`${command}\0`);
      }),
    close: () => fail("closed"),
  };
}

/** Where the first complete answer ends, -1 while there is none. Text holds no zero octet. */
function endOf(heard: Buffer): number {
  const at = heard.indexOf(0);
  if (at === -1 || heard.length < at + END) return -1;
  return heard[at + 1] === 0 && heard[at + 2] === 0 ? at : -1;
}
