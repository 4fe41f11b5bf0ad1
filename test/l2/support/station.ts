import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import type { Netns } from "../../../src/lab/netns.ts";
import { decodeArp } from "../../../src/l2/arp.ts";
import type { Arp } from "../../../src/l2/arp.ts";
import { decodeFrame } from "../../../src/l2/ethernet.ts";
import type { Frame } from "../../../src/l2/ethernet.ts";
import { decodeNdp } from "../../../src/l2/ndp.ts";
import type { Advertisement, Solicitation } from "../../../src/l2/ndp.ts";

export interface Seen {
  readonly atMs: number;
  readonly octets: Uint8Array;
  readonly frame: Frame;
  readonly arp: Arp | null;
  readonly ndp: Solicitation | Advertisement | null;
}

/** Sends octets of any kind on an interface of a namespace, and sees what arrives there. */
export interface Station {
  send(...frames: readonly Uint8Array[]): void;
  /** What arrived while and shortly after `act` ran. */
  during(act: () => void | Promise<void>, forMs?: number): Promise<readonly Seen[]>;
  close(): Promise<void>;
}

const MAIN = fileURLToPath(new URL("station-main.ts", import.meta.url));

function seen(line: string): Seen | null {
  const [hex = "", tag = "-1"] = line.split(" ");
  const octets = Uint8Array.from(Buffer.from(hex, "hex"));
  const frame = decodeFrame(octets, Number(tag));
  if (frame.kind === "drop") return null;
  const arp = frame.packet.etherType === 0x0806 ? decodeArp(frame.packet.payload) : null;
  const ndp = frame.packet.etherType === 0x86dd ? decodeNdp(frame.packet.payload) : null;
  return {
    atMs: Date.now(),
    octets,
    frame: frame.packet,
    arp: arp?.kind === "packet" ? arp.packet : null,
    ndp: ndp?.kind === "packet" ? ndp.packet : null,
  };
}

export async function stationAt(ns: Netns, dev: string): Promise<Station> {
  const args = ["netns", "exec", ns.name, process.execPath, "--import", "tsx", MAIN, dev];
  const child = execa("ip", args, {
    reject: false,
    buffer: false,
    stdin: "pipe",
    stderr: "inherit",
  });
  const arrived: Seen[] = [];
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (line === "ready") resolve();
      const one = seen(line);
      if (one !== null) arrived.push(one);
    });
    void child.then(() => reject(new Error(`the station at ${dev} ended`)));
  });
  const send = (...frames: readonly Uint8Array[]): void => {
    for (const frame of frames) child.stdin.write(`${Buffer.from(frame).toString("hex")}\n`);
  };
  return {
    send,
    during: async (act, forMs = 400) => {
      const from = arrived.length;
      await act();
      await sleep(forMs);
      return arrived.slice(from);
    },
    close: async () => {
      child.stdin.end();
      await child;
    },
  };
}
