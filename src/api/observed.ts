/** What controller and speakers left behind about what they did: read by people's commands, never by a pass. */
import type {
  AnnouncementReport,
  ConfigurationState,
  ServiceBGPStatus,
  ServiceL2Status,
  SpeakerReport,
} from "./resources.ts";
import type { KubeObject, ObjectRef } from "./objects.ts";

export interface RecordedEvent {
  readonly about: ObjectRef;
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly source: string;
  readonly count: number;
  /** RFC 3339, of the last time; empty when unknown. */
  readonly at: string;
}

/** Lists in any order; empty where nobody wrote, or nobody looked. */
export interface Observed {
  readonly announcementReports: readonly AnnouncementReport[];
  readonly speakerReports: readonly SpeakerReport[];
  readonly l2Statuses: readonly ServiceL2Status[];
  readonly bgpStatuses: readonly ServiceBGPStatus[];
  readonly configurationStates: readonly ConfigurationState[];
  readonly events: readonly RecordedEvent[];
  /** A cluster was read, its Pods and SpeakerReports with it: a speaker that is in neither does not live. */
  readonly knowsSpeakers?: boolean;
}

export const NOTHING_OBSERVED: Observed = {
  announcementReports: [],
  speakerReports: [],
  l2Statuses: [],
  bgpStatuses: [],
  configurationStates: [],
  events: [],
};

/** Kinds that are observations, and where each goes. */
export const OBSERVED_KINDS = {
  AnnouncementReport: "announcementReports",
  SpeakerReport: "speakerReports",
  ServiceL2Status: "l2Statuses",
  ServiceBGPStatus: "bgpStatuses",
  ConfigurationState: "configurationStates",
} as const satisfies Readonly<Record<string, keyof Observed>>;
export type ObservedKind = keyof typeof OBSERVED_KINDS;

export const isObservedKind = (kind: string): kind is ObservedKind =>
  Object.hasOwn(OBSERVED_KINDS, kind);

/** Checked objects and events, sorted into their lists; other kinds are passed over. */
export function gather(
  objects: readonly KubeObject[],
  events: readonly RecordedEvent[] = [],
): Observed {
  const of = (kind: ObservedKind): readonly KubeObject[] => {
    const byName = new Map(
      objects.filter((o) => o.kind === kind).map((o) => [o.metadata.name, o] as const),
    );
    return [...byName.keys()].sort().flatMap((name) => byName.get(name) ?? []);
  };
  const lists = Object.entries(OBSERVED_KINDS).map(([kind, list]) => [
    list,
    isObservedKind(kind) ? of(kind) : [],
  ]);
  return { ...(Object.fromEntries(lists) as Omit<Observed, "events">), events };
}
