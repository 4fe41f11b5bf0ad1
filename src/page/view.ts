/** The picture, as plain JSON: what `ferrolb status` knows, with a graph of it. Pure. */
import type { ServiceStatus, Status } from "../explain/status.ts";
import { layoutFor } from "./layout.ts";
import type { Place } from "./layout.ts";

export interface RouterView extends Place {
  readonly id: string;
  /** Names of the BGPPeers that lead there. */
  readonly peers: readonly string[];
  readonly remoteAS: string;
  readonly up: number;
  readonly sessions: number;
}
export interface NodeView extends Place {
  readonly name: string;
  readonly alive: boolean;
  readonly reason: string;
  /** Addresses that it answers for at L2. */
  readonly owned: number;
  /** Services that routers send to it. */
  readonly routed: number;
}
export interface LinkView {
  readonly node: string;
  readonly router: string;
  readonly peer: string;
  /** `up`, `down`, or `unknown` where no speaker told. */
  readonly state: "up" | "down" | "unknown";
  readonly words: string;
  /** RFC 3339; null unless up. */
  readonly since: string | null;
  readonly sent: number | null;
}
export interface PoolView {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly usedPercent: number | null;
  readonly used: string;
  readonly problem: string | null;
}
/** A Service as `ferrolb status` has it, under one key for the page. */
export interface ServiceView extends Omit<ServiceStatus, "namespace" | "name" | "createdAt"> {
  readonly key: string;
}

export interface PageView {
  readonly title: string;
  readonly counts: Readonly<
    Record<"served" | "services" | "up" | "sessions" | "alive" | "members", number>
  >;
  readonly width: number;
  readonly height: number;
  readonly routers: readonly RouterView[];
  readonly nodes: readonly NodeView[];
  readonly links: readonly LinkView[];
  readonly pools: readonly PoolView[];
  readonly services: readonly ServiceView[];
  readonly conflicts: readonly string[];
}

/** A router is an address; an unnumbered neighbour is one by its peer and interface. */
const routerOf = ({ neighbor, peer }: Status["sessions"][number]): string =>
  /[.:]/.test(neighbor) ? neighbor : `${peer} (${neighbor})`;

export function pageViewOf(title: string, status: Status): PageView {
  const { sessions, services, members, pools, conflicts } = status;
  const routerIds = [...new Set(sessions.map(routerOf))].sort();
  const { width, height, ...places } = layoutFor(
    routerIds,
    members.map((m) => m.node),
  );
  const isUp = (s: Status["sessions"][number]): boolean => s.state === "Established";
  return {
    title,
    counts: {
      served: services.filter((s) => s.served).length,
      services: services.length,
      up: sessions.filter(isUp).length,
      sessions: sessions.length,
      alive: members.filter((m) => m.alive).length,
      members: members.length,
    },
    width,
    height,
    routers: routerIds.map((id) => {
      const here = sessions.filter((s) => routerOf(s) === id);
      return {
        id,
        ...(places.routers.get(id) ?? ORIGIN),
        peers: [...new Set(here.map((s) => s.peer))].sort(),
        remoteAS: here[0]?.remoteAS ?? "",
        up: here.filter(isUp).length,
        sessions: here.length,
      };
    }),
    nodes: members.map(({ node, alive, reason }) => ({
      name: node,
      ...(places.nodes.get(node) ?? ORIGIN),
      alive,
      reason,
      owned: services.filter((s) => s.owner === node).length,
      routed: services.filter((s) => s.nextHops.includes(node)).length,
    })),
    links: sessions.map((s) => ({
      node: s.node,
      router: routerOf(s),
      peer: s.peer,
      state: s.state === null ? "unknown" : isUp(s) ? "up" : "down",
      words: [s.state ?? "not told", s.reason, s.message].filter((w) => w !== "").join(": "),
      since: s.since,
      sent: s.prefixesSent,
    })),
    pools: pools.map((p) => ({
      name: p.name,
      addresses: p.addresses,
      usedPercent: p.usedPercent,
      used: [
        familyText(p.assignedIPv4, p.availableIPv4, "IPv4"),
        familyText(p.assignedIPv6, p.availableIPv6, "IPv6"),
      ]
        .filter((t) => t !== "")
        .join(", "),
      problem: p.problem,
    })),
    services: services.map(({ namespace, name, createdAt: _, ...rest }) => ({
      key: `${namespace}/${name}`,
      ...rest,
    })),
    conflicts: conflicts.map(
      (c) =>
        `${c.ip}: ${c.node ?? "a station outside the cluster"} (${c.mac}) answers too, heard by ${c.heardBy}`,
    ),
  };
}

const ORIGIN: Place = { x: 0, y: 0 };

/** Counts as text: a JSON number would round those of large IPv6 pools. */
function familyText(used: bigint, free: bigint, family: string): string {
  const all = used + free;
  if (all === 0n) return "";
  const total = all > 999_999n ? `2^${all.toString(2).length - 1}` : all.toString();
  return `${used} of ${total} ${family}`;
}
