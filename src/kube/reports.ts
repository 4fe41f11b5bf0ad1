/** Status objects of one component (ServiceL2Status and the like), brought to exactly a wanted set. */
import { stringifyExact } from "../api/exact-json.ts";
import { isObservedKind } from "../api/observed.ts";
import type { ObservedKind } from "../api/observed.ts";
import { reportName } from "../api/report-name.ts";
import type { ReportWrite } from "../api/store.ts";
import { KubeError } from "./client.ts";
import type { KubeClient } from "./client.ts";
import { FERROLB_V1ALPHA1, METALLB_V1BETA1 } from "./resources.ts";

export const REPORT_PLURALS: Readonly<Record<ObservedKind, string>> = {
  ServiceL2Status: "servicel2statuses",
  ServiceBGPStatus: "servicebgpstatuses",
  ConfigurationState: "configurationstates",
  AnnouncementReport: "announcementreports",
  SpeakerReport: "speakerreports",
};

const OWN: ReadonlySet<ObservedKind> = new Set(["AnnouncementReport", "SpeakerReport"]);
export const reportVersion = (kind: ObservedKind): string =>
  OWN.has(kind) ? FERROLB_V1ALPHA1 : METALLB_V1BETA1;
const pluralOf = (kind: string): string =>
  isObservedKind(kind) ? REPORT_PLURALS[kind] : kind.toLowerCase();
const OWNER_LABEL = "ferrolb.io/component";

/** Who writes: its Pod owns the objects, so that they go with it. */
export interface Writer {
  readonly namespace: string;
  readonly pod: { readonly name: string; readonly uid: string } | null;
}

interface Found {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
}

export interface Reports {
  write(owner: string, reports: readonly ReportWrite[]): Promise<void>;
}

export function kubeReports(client: KubeClient, writer: Writer): Reports {
  /** What stands at the API server, by path. Null: not asked yet. */
  const written = new Map<string, Map<string, string>>();
  const collection = (apiVersion: string, kind: string): string =>
    `/apis/${apiVersion}/namespaces/${writer.namespace}/${pluralOf(kind)}`;

  const present = async (
    owner: string,
    kinds: ReadonlySet<string>,
  ): Promise<Map<string, string>> => {
    const found = new Map<string, string>();
    for (const key of kinds) {
      const [apiVersion = "", kind = ""] = key.split(" ");
      const query = new URLSearchParams({ labelSelector: `${OWNER_LABEL}=${labelValue(owner)}` });
      const path = collection(apiVersion, kind);
      const list = (await client.request("GET", `${path}?${query.toString()}`)) as {
        readonly items?: readonly Found[];
      };
      for (const { metadata } of list.items ?? []) found.set(`${path}/${metadata.name}`, "");
    }
    return found;
  };

  const put = async (
    path: string,
    owner: string,
    name: string,
    report: ReportWrite,
  ): Promise<void> => {
    const { apiVersion, kind, labels, status } = report;
    const metadata = {
      name,
      namespace: writer.namespace,
      labels: { ...labels, [OWNER_LABEL]: labelValue(owner) },
      ...(writer.pod !== null && {
        ownerReferences: [
          { apiVersion: "v1", kind: "Pod", name: writer.pod.name, uid: writer.pod.uid },
        ],
      }),
    };
    // Two steps, since status is a subresource; apply makes or mends either.
    const query = `?fieldManager=${encodeURIComponent(`ferrolb-${owner}`.slice(0, 128))}&force=true`;
    await client.patch(`${path}${query}`, { apiVersion, kind, metadata }, "apply");
    await client.patch(
      `${path}/status${query}`,
      { apiVersion, kind, metadata: { name }, status },
      "apply",
    );
  };

  /** Node, name and namespace of a status object can't change: one that says otherwise is made anew. */
  const replace = async (
    path: string,
    owner: string,
    name: string,
    report: ReportWrite,
  ): Promise<void> => {
    try {
      await put(path, owner, name, report);
    } catch (error) {
      if (!(error instanceof KubeError) || error.status !== 422) throw error;
      await remove(path);
      await put(path, owner, name, report);
    }
  };

  const remove = async (path: string): Promise<void> => {
    try {
      await client.request("DELETE", path);
    } catch (error) {
      if (!(error instanceof KubeError) || error.status !== 404) throw error;
    }
  };

  /** One object per Service at L2: whoever announces removes what others, dead or alive, left behind. */
  const removeOthers = async (path: string, report: ReportWrite): Promise<void> => {
    const labels = ["metallb.io/service-name", "metallb.io/service-namespace"]
      .map((key) => `${key}=${report.labels[key] ?? ""}`)
      .join();
    const base = collection(report.apiVersion, report.kind);
    const query = new URLSearchParams({ labelSelector: labels });
    const list = (await client.request("GET", `${base}?${query.toString()}`)) as {
      readonly items?: readonly Found[];
    };
    for (const { metadata } of list.items ?? [])
      if (`${base}/${metadata.name}` !== path) await remove(`${base}/${metadata.name}`);
  };

  return {
    async write(owner, reports) {
      const kinds = new Set(reports.map((r) => `${r.apiVersion} ${r.kind}`));
      for (const kind of ["ServiceL2Status", "ServiceBGPStatus"])
        if (owner !== "controller") kinds.add(`metallb.io/v1beta1 ${kind}`);
      let now = written.get(owner);
      if (now === undefined) {
        now = await present(owner, kinds);
        written.set(owner, now);
      }
      const wanted = new Set<string>();
      for (const report of reports) {
        const name = reportName(owner, report);
        const path = `${collection(report.apiVersion, report.kind)}/${name}`;
        const text = stringifyExact(report);
        wanted.add(path);
        const isNew = !now.has(path);
        if (now.get(path) === text) continue;
        await replace(path, owner, name, report);
        now.set(path, text);
        if (isNew && report.kind === "ServiceL2Status") await removeOthers(path, report);
      }
      for (const path of [...now.keys()]) {
        if (wanted.has(path)) continue;
        await remove(path);
        now.delete(path);
      }
    },
  };
}

/** A label value holds 63 characters of a node name, which may have 253. */
const labelValue = (owner: string): string => owner.slice(0, 63).replace(/[^A-Za-z0-9]+$/, "");
