/** Edge: asks one link who has an address, by ARP or Neighbor Discovery, and listens for a while. */
import { networkInterfaces } from "node:os";
import { AppError } from "../errors.ts";
import { REQUEST, NO_MAC, arpFrame, arpProbe, decodeArp } from "../l2/arp.ts";
import { ETHERTYPE_ARP, ETHERTYPE_IPV6, decodeFrame } from "../l2/ethernet.ts";
import { arpFilter, ndpFilter } from "../l2/filter.ts";
import { portsOf } from "../l2/interfaces.ts";
import type { Port } from "../l2/interfaces.ts";
import { decodeNdp, ndpProbe } from "../l2/ndp.ts";
import { openPacketSocket, readLinks } from "../l2/socket.ts";
import type { Received } from "../l2/socket.ts";
import { addressOf, familyOf, tryParseIp } from "../net/ip.ts";
import type { Ip } from "../net/ip.ts";
import { BROADCAST_MAC } from "../net/mac.ts";
import type { Mac } from "../net/mac.ts";
import { parsePrefix, prefixContains } from "../net/prefix.ts";

export interface Answer {
  readonly mac: Mac;
  /** Answers to our questions. */
  readonly count: number;
  /** From the first question to its first answer. */
  readonly firstMs: number;
}

export interface LinkProbe {
  readonly protocol: "arp" | "ndp";
  readonly interface: string;
  readonly asked: number;
  /** By MAC. */
  readonly answers: readonly Answer[];
}

/** The interface with a subnet that holds the address; null: none has, so it is not on a link of ours. */
export function interfaceFor(ip: Ip): string | null {
  const address = addressOf(ip);
  for (const [name, entries = []] of Object.entries(networkInterfaces()))
    for (const { cidr, internal } of entries)
      if (!internal && cidr !== null && prefixContains(parsePrefix(cidr), address)) return name;
  return null;
}

/** @throws AppError `ERR_ENVIRONMENT` when there is no such interface, or it cannot ask this family */
function portCalled(name: string, ip: Ip): Port {
  const port = portsOf(readLinks(), []).find((p) => p.name === name);
  if (port === undefined)
    throw new AppError("ERR_ENVIRONMENT", `no Ethernet interface ${name} is up here`);
  if (familyOf(ip) === 4 ? !port.arp : port.linkLocal === null)
    throw new AppError(
      "ERR_ENVIRONMENT",
      `${name} cannot ask for ${ip}: no ${familyOf(ip) === 4 ? "broadcast" : "link-local address"}`,
    );
  return port;
}

/** As a client would: in the name of our own address where there is one; else as RFC 5227 probes. */
function arpQuestion(port: Port, ip: Ip): Uint8Array {
  const own = (networkInterfaces()[port.name] ?? [])
    .filter((a) => a.family === "IPv4")
    .map((a) => tryParseIp(a.address))
    .find((a) => a !== null && a !== ip);
  return own === undefined || own === null
    ? arpProbe(port.mac, ip)
    : arpFrame({ op: REQUEST, sha: port.mac, spa: own, tha: NO_MAC, tpa: ip }, BROADCAST_MAC);
}

/** Who speaks in the name of the address; null for anything else. */
function speakerOf({ octets, tag }: Received, ip: Ip): Mac | null {
  const frame = decodeFrame(octets, tag);
  if (frame.kind === "drop") return null;
  const { etherType, payload, source } = frame.packet;
  if (etherType === ETHERTYPE_ARP) {
    const arp = decodeArp(payload);
    return arp.kind === "packet" && arp.packet.spa === ip ? arp.packet.sha : null;
  }
  const ndp = decodeNdp(payload);
  if (ndp.kind === "drop" || ndp.packet.type !== "advertisement" || ndp.packet.target !== ip)
    return null;
  return ndp.packet.linkLayer ?? source;
}

/**
 * Asks `count` times within `limitMs` and collects every answer.
 * @throws AppError `ERR_NO_CAPABILITY`, `ERR_PACKET_SOCKET`, `ERR_ADDON_MISSING`, `ERR_ENVIRONMENT`
 */
export async function probeLink(
  ip: Ip,
  name: string,
  { count, limitMs }: { readonly count: number; readonly limitMs: number },
): Promise<LinkProbe> {
  const port = portCalled(name, ip);
  const v4 = familyOf(ip) === 4;
  const heard = new Map<Mac, { count: number; firstMs: number }>();
  const startMs = performance.now();
  const failures: string[] = [];
  const socket = openPacketSocket(
    {
      ifindex: port.index,
      etherType: v4 ? ETHERTYPE_ARP : ETHERTYPE_IPV6,
      filter: (v4 ? arpFilter : ndpFilter)(port.index, [ip]),
      ringFrames: 256,
    },
    (frames) => {
      for (const frame of frames) {
        const mac = speakerOf(frame, ip);
        if (mac === null || mac === port.mac) continue;
        const before = heard.get(mac) ?? { count: 0, firstMs: performance.now() - startMs };
        heard.set(mac, { ...before, count: before.count + 1 });
      }
    },
    (error) => failures.push(error),
  );
  const question =
    v4 || port.linkLocal === null
      ? arpQuestion(port, ip)
      : ndpProbe({ mac: port.mac, linkLocal: port.linkLocal }, ip);
  try {
    for (let i = 0; i < count; i++) {
      socket.send([question]);
      await new Promise((resolve) => setTimeout(resolve, limitMs / count));
    }
  } finally {
    socket.close();
  }
  if (failures.length > 0) throw new AppError("ERR_ENVIRONMENT", `${name}: ${failures.join(", ")}`);
  return {
    protocol: v4 ? "arp" : "ndp",
    interface: name,
    asked: count,
    answers: [...heard].map(([mac, a]) => ({ mac, ...a })).sort((a, b) => (a.mac < b.mac ? -1 : 1)),
  };
}
