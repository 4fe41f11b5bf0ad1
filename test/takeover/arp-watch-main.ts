/**
 * Runs in the client's namespace: asks for each address again and again and prints who answered, one line
 * per round: `<ms since the epoch> <ip>=<mac>[+<mac>...] ...`. Arguments: interface, own address, period in ms, addresses.
 */
import { arpFrame, decodeArp, REPLY, REQUEST, NO_MAC } from "../../src/l2/arp.ts";
import { decodeFrame, ETHERTYPE_ARP } from "../../src/l2/ethernet.ts";
import { openPacketSocket, readLinks } from "../../src/l2/socket.ts";
import { parseIp } from "../../src/net/ip.ts";
import { BROADCAST_MAC } from "../../src/net/mac.ts";

const [device = "", own = "", period = "20", ...ips] = process.argv.slice(2);
const link = readLinks().find((l) => l.name === device);
if (link?.mac == null) throw new Error(`no interface ${device}`);
const mac = link.mac;
const wanted = new Set<string>(ips);
let heard = new Map<string, Set<string>>();

const socket = openPacketSocket(
  {
    ifindex: link.index,
    etherType: ETHERTYPE_ARP,
    filter: [{ code: 0x06, jt: 0, jf: 0, k: 0x40000 }],
  },
  (frames) => {
    for (const { octets, tag } of frames) {
      const frame = decodeFrame(octets, tag);
      if (frame.kind !== "packet") continue;
      const arp = decodeArp(frame.packet.payload);
      if (arp.kind !== "packet" || arp.packet.op !== REPLY || !wanted.has(arp.packet.spa)) continue;
      // Announcements are no answers.
      if (arp.packet.tpa !== own) continue;
      const macs = heard.get(arp.packet.spa) ?? new Set();
      heard.set(arp.packet.spa, macs.add(arp.packet.sha));
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
setInterval(() => {
  const words = [...heard].map(([ip, macs]) => `${ip}=${[...macs].join("+")}`);
  process.stdout.write(`${Date.now()} ${words.join(" ")}\n`);
  heard = new Map();
  socket.send(requests);
}, Number(period));
