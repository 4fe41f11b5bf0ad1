/** A station on one interface: sends frames given as hex lines on stdin, prints what it receives as hex. */
import { createInterface } from "node:readline";
import { openPacketSocket, readLinks } from "../../../src/l2/socket.ts";

const ETH_P_ALL = 3;
const accept = [{ code: 0x06, jt: 0, jf: 0, k: 0x40000 }];
const link = readLinks().find(({ name }) => name === process.argv[2]);
if (link === undefined) throw new Error(`no interface ${process.argv[2]}`);
const socket = openPacketSocket(
  { ifindex: link.index, etherType: ETH_P_ALL, filter: accept },
  (frames) => {
    for (const { octets, tag } of frames)
      process.stdout.write(`${Buffer.from(octets).toString("hex")} ${tag}\n`);
  },
  (name) => process.stderr.write(`${name}\n`),
);
process.stdout.write("ready\n");
for await (const line of createInterface({ input: process.stdin }))
  socket.send([Uint8Array.from(Buffer.from(line, "hex"))]);
socket.close();
