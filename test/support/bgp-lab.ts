/** A node and its router on one wire, for texts that FerroLB rendered: what FRR says of them, what arrives. */
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import type { Announcement, Neighbor, NodeBgp } from "../../src/bgp/model.ts";
import { renderFrr } from "../../src/frr-templates/render.ts";
import type { FrrInstance } from "../../src/lab/frr-instance.ts";
import type { FrrVersion } from "../../src/lab/frr-root.ts";
import { showJson, startPair, type Pair } from "./router.ts";
import { eventually } from "./wait.ts";

/** Addresses of the node that a router sees, by the address or interface the node knows the router by. */
const NODE_AT: Readonly<Record<string, string>> = {
  "192.0.2.2": "192.0.2.1",
  "2001:db8::2": "2001:db8::1",
  eth0: "eth0",
};

/** The sessions that the router at the other end of the wire takes part in. */
export const sessionsAtRouter = (node: NodeBgp): readonly Neighbor[] =>
  node.instances
    .filter((i) => i.vrf === null)
    .flatMap((i) => i.neighbors)
    .filter((n) => NODE_AT[n.key] !== undefined);

const asnOf = (n: Neighbor, own: number): number =>
  n.remoteAs === "external" ? 64501 : n.remoteAs === "internal" ? own : Number(n.remoteAs);

/** A router that mirrors every session of the node, and announces a route of its own in each family. */
export function mirrorRouter(node: NodeBgp): string {
  const own = node.instances.find((i) => i.vrf === null)?.asn ?? 64500;
  const sessions = sessionsAtRouter(node);
  const [first] = sessions;
  if (first === undefined) return "";
  const lines = sessions.flatMap((n) => {
    const at = NODE_AT[n.key] ?? "";
    return [
      ` neighbor ${at}${n.unnumbered ? " interface" : ""} remote-as ${n.localAs ?? own}`,
      ...(n.password === null ? [] : [` neighbor ${at} password ${n.password}`]),
      ...(n.bfdProfile === null ? [] : [` neighbor ${at} bfd`]),
      ` neighbor ${at} passive`, // the node calls; a router that calls too is deaf in between
    ];
  });
  const family = (name: "ipv4" | "ipv6", number: 4 | 6, network: string): string[] => [
    ` address-family ${name} unicast`,
    `  network ${network}`,
    ...sessions
      .filter((n) => n.families.includes(number))
      .map((n) => `  neighbor ${NODE_AT[n.key]} activate`),
    " exit-address-family",
  ];
  return [
    `router bgp ${asnOf(first, own)}`,
    " bgp router-id 192.0.2.2",
    " no bgp ebgp-requires-policy",
    " no bgp network import-check",
    " no bgp default ipv4-unicast",
    ...lines,
    ...family("ipv4", 4, "203.0.113.0/24"),
    ...family("ipv6", 6, "2001:db8:ffff::/48"),
    "exit",
    "",
  ].join("\n");
}

export interface BgpLab extends Pair {
  /** Fresh daemons on both sides, the router with this text. */
  reset(router: string): Promise<void>;
  /** Loads a text into the node; what vtysh said. */
  load(text: string): Promise<string>;
}

export async function startBgpLab(version: FrrVersion, router?: FrrVersion): Promise<BgpLab> {
  const pair = await startPair(version, {
    node: "",
    router: "",
    ...(router && { routerVersion: router }),
  });
  const restart = async (frr: FrrInstance, text: string): Promise<void> => {
    await writeFile(frr.confFile, text);
    await frr.restart();
  };
  let dirty = false;
  let mirrored = "";
  /** A neighbour in Idle turns callers away. With BFD it stays there until the node is up: no use waiting. */
  const listening = async (): Promise<void> => {
    const shown = await showJson<Record<string, { bgpState?: string }>>(
      pair.router,
      "show bgp neighbors",
    );
    if (Object.values(shown).some((n) => n.bgpState === "Idle")) throw new Error("still Idle");
  };
  return {
    ...pair,
    async reset(text) {
      await Promise.all([
        ...(dirty ? [restart(pair.node, "")] : []),
        ...(text === mirrored ? [] : [restart(pair.router, text)]),
      ]);
      if (text !== "" && !text.includes(" bfd") && !text.includes(" interface "))
        await eventually("the router listens", () => listening().then(() => true));
      dirty = true;
      mirrored = text;
    },
    async load(text) {
      const file = join(pair.dir, "load.conf");
      await writeFile(file, text);
      await chmod(file, 0o644);
      const env = { VTYSH_HISTFILE: "/dev/null" };
      const { all } = await execa(pair.node.vtyshPath, ["-f", file], {
        reject: false,
        all: true,
        env,
        timeout: 30_000,
      });
      return all;
    },
  };
}

export const loadNode = (lab: BgpLab, node: NodeBgp): Promise<string> => lab.load(renderFrr(node));

/**
 * Waits until the router has every session Established. FRR tries again only after 120 s when the other side
 * was not ready, so the node is told to try at once.
 */
export async function sessionsUp(lab: Pair): Promise<void> {
  let looks = 0;
  await eventually(
    "all sessions Established",
    async () => {
      const shown = await showJson<Record<string, { bgpState?: string }>>(
        lab.router,
        "show bgp neighbors",
      );
      const states = Object.values(shown).map((n) => n.bgpState);
      if (states.length > 0 && states.every((s) => s === "Established")) return true;
      if (++looks % 20 === 0) await lab.node.vtysh("clear bgp *");
      return false;
    },
    40_000,
    150,
  );
}

interface Shown {
  readonly paths?: readonly {
    readonly community?: { readonly string: string };
    readonly largeCommunity?: { readonly string: string };
    readonly locPrf?: number;
    readonly peer?: { readonly peerId: string };
    readonly aspath?: { readonly string: string };
    readonly tag?: number;
  }[];
}

/** What the router holds from the node: as `announcements` has it. */
export async function received(frr: FrrInstance): Promise<readonly Announcement[]> {
  const found: Announcement[] = [];
  for (const family of ["ipv4", "ipv6"] as const) {
    const table = await showJson<{ routes?: Record<string, unknown> }>(
      frr,
      `show bgp ${family} unicast`,
    );
    for (const prefix of Object.keys(table.routes ?? {})) {
      if (prefix === "203.0.113.0/24" || prefix === "2001:db8:ffff::/48") continue;
      const { paths = [] } = await showJson<Shown>(frr, `show bgp ${family} unicast ${prefix}`);
      for (const path of paths)
        found.push({
          prefix: prefix as Announcement["prefix"],
          localPref: path.locPrf ?? 0,
          communities: words(path.community?.string),
          largeCommunities: words(path.largeCommunity?.string),
        });
    }
  }
  return found;
}

const words = (text: string | undefined): string[] =>
  (text ?? "").split(" ").filter((word) => word !== "");
