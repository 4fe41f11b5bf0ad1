/**
 * Runs in the client's namespace: asks for addresses at a steady rate and prints one line of JSON:
 * `{sent, answered, ms}`. Arguments: interface, own address, requests a second, duration in ms, addresses.
 */
import { NO_MAC, REPLY, REQUEST, arpFrame, decodeArp } from "../../src/l2/arp.ts";
import { decodeFrame, ETHERTYPE_ARP } from "../../src/l2/ethernet.ts";
import { openPacketSocket, readLinks } from "../../src/l2/socket.ts";
import { parseIp } from "../../src/net/ip.ts";
import { BROADCAST_MAC } from "../../src/net/mac.ts";

const [device = "", own = "", rate = "", duration = "", ...ips] = process.argv.slice(2);
const link = readLinks().find((l) => l.name === device);
if (link?.mac == null) throw new Error(`no interface ${device}`);
const mac = link.mac;
let answered = 0;
const socket = openPacketSocket(
  {
    ifindex: link.index,
    etherType: ETHERTYPE_ARP,
    filter: [{ code: 0x06, jt: 0, jf: 0, k: 0x40000 }],
    ringFrames: 16_384,
  },
  (frames) => {
    for (const { octets, tag } of frames) {
      const frame = decodeFrame(octets, tag);
      if (frame.kind !== "packet") continue;
      const arp = decodeArp(frame.packet.payload);
      if (arp.kind === "packet" && arp.packet.op === REPLY && arp.packet.tpa === own) answered++;
    }
  },
  (name) => {
    throw new Error(name);
  },
);
const requests = ips.map((ip) =>
  arpFrame(
    { op: REQUEST, sha: mac, spa: parseIp(own), tha: NO_MAC, tpa: parseIp(ip) },
    BROADCAST_MAC,
  ),
);
const startMs = performance.now();
let sent = 0;
const timer = setInterval(() => {
  const elapsedMs = performance.now() - startMs;
  if (elapsedMs >= Number(duration)) {
    clearInterval(timer);
    setTimeout(() => {
      process.stdout.write(`${JSON.stringify({ sent, answered, ms: Math.round(elapsedMs) })}\n`);
      socket.close();
    }, 300);
    return;
  }
  // Behind its time it goes on at its rate instead of catching up in one burst.
  const due = Math.min(1000, Math.floor((elapsedMs * Number(rate)) / 1000) - sent);
  const batch = Array.from(
    { length: Math.max(0, due) },
    (_, i) => requests[(sent + i) % ips.length]!,
  );
  sent += socket.send(batch);
}, 5);
