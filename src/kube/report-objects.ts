/** One status object (ServiceL2Status and the like) at the API server: where it is, made, mended, removed. */
import { hash } from "node:crypto";
import { stringifyExact } from "../api/exact-json.ts";
import { OBSERVED_KINDS, isObservedKind } from "../api/observed.ts";
import type { ObservedKind } from "../api/observed.ts";
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

/** The kinds that speakers write. */
export const SPEAKER_KINDS: readonly ObservedKind[] =
  Object.keys(OBSERVED_KINDS).filter(isObservedKind);

export const OWNER_LABEL = "ferrolb.io/component";

/** The label with the node's name: MetalLB has two. */
export const nodeLabelOf = (kind: ObservedKind): string =>
  kind === "ConfigurationState" ? "metallb.io/node-name" : "metallb.io/node";

/** Who writes: its Pod owns the objects, so that they go with it. */
export interface Writer {
  readonly namespace: string;
  readonly pod: { readonly name: string; readonly uid: string } | null;
}

export interface Found {
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly { readonly uid: string }[];
  };
  readonly status?: unknown;
}

/** A label value holds 63 characters of a node name, which may have 253. */
export const labelValue = (text: string): string => text.slice(0, 63).replace(/[^A-Za-z0-9]+$/, "");

export const collectionOf = (namespace: string, apiVersion: string, kind: string): string =>
  `/apis/${apiVersion}/namespaces/${namespace}/${isObservedKind(kind) ? REPORT_PLURALS[kind] : kind.toLowerCase()}`;

const labelsOf = (report: ReportWrite, owner: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...Object.entries(report.labels), [OWNER_LABEL, owner] as const].map(([key, value]) => [
      key,
      labelValue(value),
    ]),
  );

/** Keys in order: what the API server gives back is sorted otherwise than what we wrote. */
function stableText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(stableText).join()}]`;
  if (value === null || typeof value !== "object") return stringifyExact(value ?? null);
  const entries = Object.entries(value).filter(([, v]) => v !== undefined);
  return `{${entries
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, v]) => `${JSON.stringify(key)}:${stableText(v)}`)
    .join()}}`;
}

/** What stands for an object's text: there is one per Service and kind, and they are only compared. */
const digest = (value: unknown): string => hash("sha256", stableText(value), "base64");

/** Of its frame (labels and owner) and of its status. */
const contentWith = (labels: unknown, owner: string, status: unknown): string =>
  `${digest([labels, owner])} ${digest(status)}`;

/** Equal for an object that we would write as it is. */
export const contentOf = (report: ReportWrite, owner: string, writer: Writer): string =>
  contentWith(labelsOf(report, owner), writer.pod?.uid ?? "", report.status);

export const contentFound = ({ metadata, status }: Found): string =>
  contentWith(metadata.labels ?? {}, metadata.ownerReferences?.[0]?.uid ?? "", status ?? {});

/** Labels and owner are as they should be: only the status is to be written. */
export const isSameFrame = (standing: string | undefined, wanted: string): boolean =>
  standing?.split(" ")[0] === wanted.split(" ")[0];

/** What is there with these labels; null: the API server does not serve the kind. @throws AppError */
export async function listFound(
  client: Pick<KubeClient, "request">,
  path: string,
  labelSelector: string,
): Promise<readonly Found[] | null> {
  try {
    const query = new URLSearchParams({ labelSelector, resourceVersion: "0" });
    const list = await client.request("GET", `${path}?${query.toString()}`);
    return (list as { readonly items?: readonly Found[] }).items ?? [];
  } catch (error) {
    if (error instanceof KubeError && error.status === 404) return null;
    throw error;
  }
}

/** An object that is gone already is as good as removed. @throws AppError */
export async function removeObject(
  client: Pick<KubeClient, "request">,
  path: string,
): Promise<void> {
  try {
    await client.request("DELETE", path);
  } catch (error) {
    if (!(error instanceof KubeError) || error.status !== 404) throw error;
  }
}

/** Makes or mends one object; `known`: it is there, and only its status differs. @throws AppError */
export async function writeObject(
  client: KubeClient,
  path: string,
  name: string,
  report: ReportWrite,
  {
    owner,
    writer,
    known,
  }: { readonly owner: string; readonly writer: Writer; readonly known: boolean },
): Promise<void> {
  const { apiVersion, kind, status } = report;
  const metadata = {
    name,
    namespace: writer.namespace,
    labels: labelsOf(report, owner),
    ...(writer.pod !== null && {
      ownerReferences: [
        { apiVersion: "v1", kind: "Pod", name: writer.pod.name, uid: writer.pod.uid },
      ],
    }),
  };
  const query = `?fieldManager=${encodeURIComponent(`ferrolb-${owner}`.slice(0, 128))}&force=true`;
  const object = (): Promise<unknown> =>
    client.patch(`${path}${query}`, { apiVersion, kind, metadata }, "apply");
  const putStatus = (): Promise<unknown> =>
    client.patch(
      `${path}/status${query}`,
      { apiVersion, kind, metadata: { name }, status },
      "apply",
    );
  // Two steps for a new one, since status is a subresource.
  if (!known) await object();
  try {
    await putStatus();
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    // Node, name and namespace can't change: one that says otherwise is made anew, as is one that went away.
    if (error.status === 422) await removeObject(client, path);
    else if (error.status !== 404) throw error;
    await object();
    await putStatus().catch((again: unknown) => {
      if (!(again instanceof KubeError) || again.status !== 404) throw again;
      // The kind is served: somebody removes it while it is made.
      throw new KubeError(409, `${path} was removed while it was written`);
    });
  }
}
