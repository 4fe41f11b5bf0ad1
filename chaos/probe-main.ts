/**
 * Runs in the client's namespace: asks for every address 20 times a second and prints who answered, a line per round:
 * `<ms since the epoch> <address>=<mac>[+<mac>...] ...`. Arguments: interface, own IPv4, own IPv6, period in ms, addresses.
 */
import { networkInterfaces } from "node:os";
import { openPacketSocket, readLinks } from "../src/l2/socket.ts";
import { answerIn, askedFor, question, v4Octets, v6Octets } from "./arp-ndp.ts";
import type { Asker } from "./arp-ndp.ts";

const [device = "", v4 = "", v6 = "", period = "50", ...addresses] = process.argv.slice(2);
const mac = networkInterfaces()[device]?.[0]?.mac;
const link = readLinks().find((l) => l.name === device);
if (mac === undefined || link === undefined) throw new Error(`no interface ${device}`);
const asker: Asker = {
  mac: Buffer.from(mac.replaceAll(":", ""), "hex"),
  v4: v4Octets(v4),
  v6: v6Octets(v6),
};
const asked = askedFor(addresses);
let heard = new Map<string, Set<string>>();

const sockets = [0x0806, 0x86dd].map((etherType) =>
  openPacketSocket(
    {
      ifindex: link.index,
      etherType,
      filter: [{ code: 0x06, jt: 0, jf: 0, k: 0x40000 }],
      ringFrames: 4096,
    },
    (frames) => {
      for (const { octets } of frames) {
        const answer = answerIn(octets, asker, asked);
        if (answer === null) continue;
        heard.set(answer.address, (heard.get(answer.address) ?? new Set()).add(answer.mac));
      }
    },
    (name) => {
      throw new Error(name);
    },
  ),
);
const questions = addresses.map((address) => question(address, asker));
setInterval(() => {
  const words = [...heard].map(([address, macs]) => `${address}=${[...macs].join("+")}`);
  process.stdout.write(`${Date.now()} ${words.join(" ")}\n`);
  heard = new Map();
  sockets[0]?.send(questions);
}, Number(period));
