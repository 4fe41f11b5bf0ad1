/** The names of status objects: derived, so that a restarted component finds its own again. */
import { createHash } from "node:crypto";
import type { ReportWrite } from "./store.ts";

export const sortedLabels = (labels: Readonly<Record<string, string>>): [string, string][] =>
  Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));

const short = (text: string): string =>
  createHash("sha256").update(text).digest("hex").slice(0, 10);

/** A name has 253 characters at most, and so may that of a node. */
const OWNER_MAX = 220;

/** One object per component keeps its name; those of Services are told apart by their labels. */
export const reportName = (owner: string, { kind, namePrefix, labels }: ReportWrite): string =>
  kind === "ConfigurationState" || kind === "SpeakerReport"
    ? namePrefix
    : `${namePrefix}${owner.slice(0, OWNER_MAX)}-${short(JSON.stringify(sortedLabels(labels)))}`;
