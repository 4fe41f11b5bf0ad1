/** A packet socket that looks for more room when it is flooded. */
import { DROP_ALL } from "./filter.ts";
import type { Instruction } from "./filter.ts";
import { WHOLE_BATCH, openPacketSocket } from "./socket.ts";
import type { PacketSocket, Received } from "./socket.ts";

/** Frames in the ring, all of them resident: 128 KiB in calm times, in a flood 1 MiB, 200 ms of 20,000 requests a second. */
const [CALM, FLOODED] = [512, 4096];

export type GrowingSocket = Pick<PacketSocket, "setFilter" | "send" | "close">;

/**
 * As `openPacketSocket`. The ring grows, once, when a whole batch was waiting: a socket's ring cannot be exchanged
 * without losing frames, so a second socket takes over before the first one goes deaf, and a few frames may
 * be handed over twice.
 * @throws AppError as `openPacketSocket`
 */
export function openGrowingSocket(
  options: {
    readonly ifindex: number;
    readonly etherType: number;
    readonly filter: readonly Instruction[];
  },
  onFrames: (frames: readonly Received[]) => void,
  onError: (name: string) => void,
): GrowingSocket {
  let { filter } = options;
  let [isCalm, isClosed] = [true, false];

  const open = (ringFrames: number): PacketSocket =>
    openPacketSocket(
      { ...options, filter, ringFrames },
      (frames) => {
        onFrames(frames);
        if (isCalm && !isClosed && frames.length === WHOLE_BATCH) grow();
      },
      onError,
    );
  let socket = open(CALM);

  const grow = (): void => {
    isCalm = false; // also where memory is short: once is enough
    const small = socket;
    try {
      socket = open(FLOODED);
    } catch {
      return;
    }
    small.setFilter(DROP_ALL);
    setImmediate(() => small.close()); // what it still holds comes in this very turn
  };

  return {
    setFilter: (program) => {
      socket.setFilter(program);
      filter = program;
    },
    send: (frames) => socket.send(frames),
    close: () => {
      isClosed = true;
      socket.close();
    },
  };
}
