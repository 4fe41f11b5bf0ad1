/** Edge: what this node sees of itself, gathered for the doctor. */
import { accessSync, constants, existsSync, readFileSync, readdirSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import type { Snapshot } from "../api/snapshot.ts";
import { parseConfig } from "../config/parse.ts";
import { anySelectorMatches } from "../api/selector.ts";
import type { LocalFacts, LocalInterface } from "../explain/doctor/local-facts.ts";
import { readNeighbors } from "../frr/status.ts";
import { readRunning } from "../frr/running.ts";
import { vtyshAt } from "../frr/vtysh.ts";
import { formatFrrVersion } from "../frr-config/version.ts";
import { requirePacketSockets } from "../l2/socket.ts";
import { ipFromOctets } from "../net/ip.ts";
import { reachMember, reachTcp } from "./reach.ts";

export interface NodeLook {
  readonly node: string;
  readonly vtysh: string;
  readonly vtyDir: string;
  readonly mlPort: number;
  readonly limitMs: number;
  /** Of the membership; null: in clear text. */
  readonly key: Uint8Array | null;
  readonly clockAheadS: number | null;
}

const textIn = (file: string): string | null => {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return null; // an interface that went away, a carrier of one that is down
  }
};

const numberIn = (file: string): number | null => {
  const text = textIn(file);
  return text === null || text === "" ? null : Number(text);
};

const NET = "/sys/class/net";
const IFF_UP = 1;

function interfacesHere(): readonly LocalInterface[] {
  const known = networkInterfaces();
  return readdirSync(NET)
    .filter((name) => existsSync(join(NET, name, "mtu")))
    .sort()
    .map((name) => ({
      name,
      mtu: numberIn(join(NET, name, "mtu")) ?? 0,
      up: (Number(textIn(join(NET, name, "flags")) ?? 0) & IFF_UP) !== 0,
      carrier: numberIn(join(NET, name, "carrier")) === 1,
      addresses: (known[name] ?? []).flatMap(({ cidr }) => (cidr === null ? [] : [cidr])),
      arpIgnore: numberIn(`/proc/sys/net/ipv4/conf/${name}/arp_ignore`),
    }));
}

/** Next hops of default routes: proc(5), hexadecimal, IPv4 in the machine's own byte order. */
function gatewaysHere(): readonly string[] {
  const rows = (file: string): readonly string[][] =>
    (textIn(file) ?? "").split("\n").map((line) => line.trim().split(/\s+/));
  const v4 = rows("/proc/net/route")
    .filter(([, destination]) => destination === "00000000")
    .map(([, , gateway = ""]) => [...Buffer.from(gateway, "hex")].reverse());
  const v6 = rows("/proc/net/ipv6_route")
    .filter(([destination = "", length]) => /^0{32}$/.test(destination) && length === "00")
    .map(([, , , , gateway = ""]) => [...Buffer.from(gateway, "hex")]);
  const usable = [...v4, ...v6].filter((o) => o.some((octet) => octet !== 0));
  return usable
    .filter((o) => o.length === 4 || o.length === 16)
    .map((octets) => ipFromOctets(Uint8Array.from(octets)))
    .filter((ip) => !ip.startsWith("fe80"));
}

const wordsOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

const DAEMONS = ["zebra", "bgpd", "bfdd"] as const;

async function frrHere({ vtysh: command, vtyDir }: NodeLook): Promise<LocalFacts["frr"]> {
  const vtysh = vtyshAt({ command, vtyDir });
  const sockets = DAEMONS.map((daemon) => {
    const file = join(vtyDir, `${daemon}.vty`);
    if (!existsSync(file)) return { daemon, state: "missing" as const };
    try {
      accessSync(file, constants.R_OK | constants.W_OK);
      return { daemon, state: "open" as const };
    } catch {
      return { daemon, state: "denied" as const };
    }
  });
  let own: string | null = null;
  try {
    const version = await vtysh.version();
    own = version === null ? null : formatFrrVersion(version);
    const running = await readRunning(vtysh);
    const neighbors = await readNeighbors(vtysh);
    return {
      vtysh: own,
      version: running.version === null ? null : formatFrrVersion(running.version),
      error: null,
      sockets,
      established: neighbors.flatMap(({ state, address }) =>
        state === "Established" && address !== null ? [address] : [],
      ),
    };
  } catch (error) {
    return { vtysh: own, version: null, error: wordsOf(error), sockets, established: [] };
  }
}

function rawSocketsHere(): string | null {
  try {
    requirePacketSockets();
    return null;
  } catch (error) {
    return wordsOf(error);
  }
}

/** Asks the other nodes and the peers at the same time; nothing here changes anything. */
export async function lookAtNode(snapshot: Snapshot, look: NodeLook): Promise<LocalFacts> {
  const { node, mlPort: port, limitMs, key } = look;
  const frr = await frrHere(look);
  const labels = snapshot.nodes.find((n) => n.metadata.name === node)?.metadata.labels;
  const others = snapshot.nodes
    .filter((n) => n.metadata.name !== node)
    .flatMap((n) => {
      const address = (n.status?.addresses ?? []).find((a) => a.type === "InternalIP")?.address;
      return address === undefined ? [] : [{ node: n.metadata.name, address, port }];
    });
  const peers = parseConfig(snapshot).config.peers.flatMap(
    ({ name, endpoint, port: own, nodeSelectors }) =>
      endpoint.kind === "address" &&
      !frr.established.includes(endpoint.address) &&
      anySelectorMatches(nodeSelectors, labels)
        ? [{ peer: name, address: endpoint.address, port: own ?? 179 }]
        : [],
  );
  const [members, reached] = await Promise.all([
    Promise.all(
      others.map(async (o) => {
        const [tcp, udp] = await Promise.all([
          reachTcp(o.address, o.port, limitMs),
          reachMember(o, key, limitMs),
        ]);
        return { ...o, tcp, udp };
      }),
    ),
    Promise.all(
      peers.map(async (p) => ({ ...p, reach: await reachTcp(p.address, p.port, limitMs) })),
    ),
  ]);
  return {
    node,
    interfaces: interfacesHere(),
    arpIgnoreAll: numberIn("/proc/sys/net/ipv4/conf/all/arp_ignore"),
    gateways: gatewaysHere(),
    rawSockets: rawSocketsHere(),
    frr,
    members,
    peers: reached,
    clockAheadS: look.clockAheadS,
  };
}
