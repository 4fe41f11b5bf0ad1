/** What can be seen from outside at one moment: what the routers hold of each node, and the status objects. */
import { readFile } from "node:fs/promises";
import type { Kube } from "../support/kube.ts";
import { METALLB } from "../support/metallb.ts";
import { parseEvents } from "../support/router-events.ts";
import { addressOf, NODES } from "./plan.ts";
import type { Router } from "./site.ts";

interface Shown {
  readonly prefix?: string;
  readonly paths?: readonly {
    readonly community?: { readonly string: string };
    readonly largeCommunity?: { readonly string: string };
    readonly locPrf?: number;
    readonly stale?: boolean;
    readonly aspath?: { readonly string: string };
    readonly peer?: { readonly peerId: string };
  }[];
}

/** Attributes by `prefix from node`; a stale path says so. */
export async function received(
  { frr }: Router,
  prefixes: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  const nodeAt = new Map(NODES.map((node) => [addressOf(node), node]));
  const commands = prefixes.map(
    (p) => `show bgp ${p.includes(":") ? "ipv6" : "ipv4"} unicast ${p} json`,
  );
  const text = await frr.vtysh(...commands);
  for (const part of text.split(/^(?=\{)/m)) {
    const { prefix = "", paths = [] } = JSON.parse(part) as Shown;
    for (const path of paths) {
      const node = nodeAt.get(path.peer?.peerId ?? "") ?? "?";
      const words = [
        path.aspath?.string ?? "",
        path.community?.string ?? "",
        path.largeCommunity?.string ?? "",
        `local ${path.locPrf ?? "-"}`,
        ...(path.stale === true ? ["stale"] : []),
      ];
      found.set(`${prefix} from ${node}`, words.join(" | "));
    }
  }
  return found;
}

/** Whether a router takes a node for gone by BFD. */
export async function bfdIsDown({ frr }: Router, node: string): Promise<boolean> {
  const peers = JSON.parse(await frr.vtysh("show bfd peers json")) as readonly {
    readonly peer: string;
    readonly status: string;
  }[];
  return peers.every(({ peer, status }) => peer !== addressOf(node) || status !== "up");
}

export interface Mark {
  readonly ms: number;
  readonly logBytes: number;
}

export const markOf = async ({ logFile }: Router): Promise<Mark> => ({
  ms: Date.now(),
  logBytes: (await readFile(logFile)).length,
});

/** Withdrawals that arrived, and sessions that came and went, since a mark. */
export async function heardSince({ logFile }: Router, { logBytes }: Mark) {
  const events = parseEvents((await readFile(logFile)).subarray(logBytes).toString("utf8"));
  const of = (kind: string): readonly string[] =>
    events.filter((e) => e.kind === kind).map((e) => e.subject);
  return { withdrawn: of("withdrawn"), ups: of("up"), downs: of("down") };
}

interface StatusList {
  readonly items: readonly {
    readonly metadata: {
      readonly name: string;
      readonly labels?: Readonly<Record<string, string>>;
    };
    readonly status?: {
      readonly node?: string;
      readonly serviceName?: string;
      readonly peers?: readonly string[];
      readonly result?: string;
    };
  }[];
}

const list = async (kube: Kube, plural: string): Promise<StatusList["items"]> =>
  ((await kube.request("GET", `${METALLB}/${plural}`)).body as StatusList).items;

/** `service on node: peers`, sorted; two objects about one thing are two lines. */
export const bgpStatuses = async (kube: Kube): Promise<readonly string[]> =>
  (await list(kube, "servicebgpstatuses"))
    .map(({ status }) => {
      const peers = [...(status?.peers ?? [])].sort().join(" ");
      return `${status?.serviceName ?? "?"} on ${status?.node ?? "?"}: ${peers}`;
    })
    .sort();

/** `service on node`, sorted. */
export const l2Statuses = async (kube: Kube): Promise<readonly string[]> =>
  (await list(kube, "servicel2statuses"))
    .map(({ status }) => `${status?.serviceName ?? "?"} on ${status?.node ?? "?"}`)
    .sort();

/** Result of each component. */
export const states = async (kube: Kube): Promise<Readonly<Record<string, string>>> =>
  Object.fromEntries(
    (await list(kube, "configurationstates")).map(({ metadata, status }) => [
      metadata.name,
      status?.result ?? "",
    ]),
  );

/** Whatever still bears our name: annotations and labels of what MetalLB reads, and objects of our own kind. */
export async function leftovers(kube: Kube): Promise<readonly string[]> {
  const reports = "/apis/ferrolb.io/v1alpha1/namespaces/metallb-system/announcementreports";
  const paths = [
    ...["/api/v1/services", "/api/v1/nodes", "/api/v1/namespaces/metallb-system/secrets"],
    ...["ipaddresspools", "servicel2statuses", "servicebgpstatuses", "configurationstates"].map(
      (plural) => `${METALLB}/${plural}`,
    ),
  ];
  const found: string[] = [];
  for (const path of paths) {
    const { items } = (await kube.request("GET", path)).body as {
      items: { metadata: Record<"name", string> & Record<string, unknown> }[];
    };
    for (const { metadata } of items) {
      const { name, labels, annotations, finalizers } = metadata;
      if (JSON.stringify({ labels, annotations, finalizers }).includes("ferrolb"))
        found.push(`${path}/${name}`);
    }
  }
  const { items } = (await kube.request("GET", reports)).body as { items: unknown[] };
  return [...found, ...items.map(() => "an AnnouncementReport")];
}
