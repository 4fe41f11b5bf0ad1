/** A cluster read once, for people's commands: everything the core reads and what was left behind about it. */
import type { KubeObject } from "../api/objects.ts";
import { OBSERVED_KINDS } from "../api/observed.ts";
import type { ObservedKind } from "../api/observed.ts";
import type { Snapshot } from "../api/snapshot.ts";
import { emptySnapshot } from "../api/snapshot.ts";
import { KubeError } from "./client.ts";
import type { KubeClient } from "./client.ts";
import { REPORT_PLURALS, reportVersion } from "./report-objects.ts";
import { RESOURCES } from "./resources.ts";
import type { ListName } from "./resources.ts";

export interface ClusterReading {
  readonly snapshot: Snapshot;
  /** Status objects and events as they came, unchecked. */
  readonly observations: readonly unknown[];
  /** Lists that we may not read, or that this cluster does not have, with the API server's words. */
  readonly unread: readonly {
    readonly what: ListName | ObservedKind | "Event";
    readonly why: string;
  }[];
  /** Where speakers live can be told: their Pods and their reports were read. */
  readonly knowsSpeakers: boolean;
}

const PAGE = 500;

interface Page {
  readonly metadata?: { readonly continue?: string };
  readonly items?: readonly KubeObject[];
}

async function listAll(
  client: KubeClient,
  path: string,
  query: Readonly<Record<string, string>> = {},
): Promise<readonly KubeObject[]> {
  const found: KubeObject[] = [];
  let next: string | undefined;
  do {
    const words = new URLSearchParams({
      ...query,
      limit: `${PAGE}`,
      ...(next && { continue: next }),
    });
    const page = (await client.request("GET", `${path}?${words.toString()}`)) as Page;
    found.push(...(page.items ?? []));
    next = page.metadata?.continue;
  } while (next !== undefined && next !== "");
  return found;
}

/** Not allowed, or no such resource: the rest can still be told. */
const isAbsence = (error: unknown): error is KubeError =>
  error instanceof KubeError && (error.status === 403 || error.status === 404);

/** @throws AppError `ERR_KUBE_API` when the API server is away, or knows nobody by our credentials */
export async function readCluster(client: KubeClient, namespace: string): Promise<ClusterReading> {
  const unread: ClusterReading["unread"][number][] = [];
  const tolerant = async (
    what: (typeof unread)[number]["what"],
    path: string,
    query?: Readonly<Record<string, string>>,
  ): Promise<readonly KubeObject[]> => {
    try {
      return await listAll(client, path, query);
    } catch (error) {
      if (!isAbsence(error)) throw error;
      unread.push({ what, why: error.message });
      return [];
    }
  };
  const names = Object.keys(RESOURCES) as ListName[];
  const kinds = Object.keys(OBSERVED_KINDS) as ObservedKind[];
  const [lists, reports, events] = await Promise.all([
    Promise.all(
      names.map(async (name) => {
        const { path, query, apiVersion, kind } = RESOURCES[name];
        const items = await tolerant(name, path(namespace), query);
        return [name, items.map((item) => ({ ...item, apiVersion, kind }))] as const;
      }),
    ),
    Promise.all(
      kinds.map(async (kind) => {
        const apiVersion = reportVersion(kind);
        const path = `/apis/${apiVersion}/namespaces/${namespace}/${REPORT_PLURALS[kind]}`;
        return (await tolerant(kind, path)).map((item) => ({ ...item, apiVersion, kind }));
      }),
    ),
    tolerant("Event", "/api/v1/events", { fieldSelector: "involvedObject.kind=Service" }),
  ]);
  const snapshot = { ...emptySnapshot(namespace), ...Object.fromEntries(lists) };
  return {
    snapshot: withAssumedSecrets(
      snapshot,
      unread.some(({ what }) => what === "secrets"),
    ),
    observations: [...reports.flat(), ...events],
    knowsSpeakers: !unread.some(({ what }) => what === "pods" || what === "SpeakerReport"),
    unread: unread.sort((a, b) => (a.what < b.what ? -1 : 1)),
  };
}

/**
 * People may seldom read Secrets. A password that is referred to is then taken to be there: to say that it is
 * missing would be a guess.
 */
function withAssumedSecrets(snapshot: Snapshot, unreadable: boolean): Snapshot {
  if (!unreadable) return snapshot;
  const names = snapshot.bgpPeers
    .map((peer) => peer.spec?.passwordSecret?.name ?? "")
    .filter((name) => name !== "");
  const secrets = [...new Set(names)].sort().map((name) => ({
    apiVersion: "v1",
    kind: "Secret" as const,
    metadata: { name, namespace: snapshot.namespace },
    type: "kubernetes.io/basic-auth",
    stringData: { password: "not-readable" },
  }));
  return { ...snapshot, secrets };
}
