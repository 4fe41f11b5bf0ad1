/** Opens and closes packet sockets, group sockets and interface watches many times; prints what is left. */
import { readFileSync, readdirSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";
import { Groups } from "../../../src/l2/groups.ts";
import { openPacketSocket, readLinks, watchLinks } from "../../../src/l2/socket.ts";
import { parseIp } from "../../../src/net/ip.ts";

const cycles = Number(process.argv[2]);
const ifindex = readLinks().find(({ name }) => name === "eth0")?.index ?? 0;
const accept = [{ code: 0x06, jt: 0, jf: 0, k: 0x40000 }];
const ignore = () => undefined;
const group = parseIp("ff02::1:ff00:1");

async function cycle(times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    const socket = openPacketSocket(
      { ifindex, etherType: 0x0806, filter: accept, ringFrames: 256 },
      ignore,
      ignore,
    );
    socket.setFilter(accept);
    if (i % 2 === 0) socket.close();
    const stop = watchLinks(ignore);
    socket.close();
    socket.close(); // twice is once
    stop();
    if (i % 10 === 0) {
      const groups = new Groups();
      groups.set([{ ifindex, group }]);
      groups.close();
    }
    if (i % 20 === 0) await turn();
  }
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.();
    await turn();
  }
}

const state = () => ({
  descriptors: readdirSync("/proc/self/fd").length,
  mappings: readFileSync("/proc/self/maps", "utf8").split("\n").length,
  residentMiB: Math.round(process.memoryUsage.rss() / 2 ** 20),
});

await cycle(Math.min(cycles, 100)); // pools of libuv and the allocator fill up once
const before = state();
await cycle(cycles);
process.stdout.write(JSON.stringify({ before, after: state() }));
