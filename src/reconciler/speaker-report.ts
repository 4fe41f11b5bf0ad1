/** How this speaker stands, whatever the Services: sessions, members, conflicts. One status object per node. */
import { sessionKey } from "../api/sent-routes.ts";
import type { DownSession, SentRoutes, SessionSent } from "../api/sent-routes.ts";
import type { SpeakerReportStatus } from "../api/resources.ts";
import type { ReportWrite } from "../api/store.ts";
import type { Neighbor, NodeBgp } from "../bgp/model.ts";
import { tryParseIp } from "../net/ip.ts";
import type { AddressConflict, AddressSilence } from "./speaker-ports.ts";

/** Another station may be heard again and again: so many are told. */
const CONFLICTS_TOLD = 32;
const BGP_PORT = 179;

interface Wanted {
  readonly vrf: string | null;
  readonly neighbor: Neighbor;
}

const wantedOf = (bgp: NodeBgp | null): readonly Wanted[] =>
  (bgp?.instances ?? []).flatMap(({ vrf, neighbors }) =>
    neighbors.map((neighbor) => ({ vrf, neighbor })),
  );

/** Sessions that FRR has, but not established. */
export function downSessions(bgp: NodeBgp | null, sent: SentRoutes | null): readonly DownSession[] {
  return wantedOf(bgp).flatMap(({ vrf, neighbor }) => {
    const key = sessionKey(vrf, neighbor.key);
    const session = sent?.get(key);
    if (session?.detail === undefined || session.state === "Established") return [];
    const { state, detail } = session;
    return [
      {
        ...{ key, state, detail, password: neighbor.password },
        address: vrf === null && !neighbor.unnumbered ? tryParseIp(neighbor.key) : null,
        port: neighbor.port ?? BGP_PORT,
        source: neighbor.updateSource === null ? null : tryParseIp(neighbor.updateSource),
      },
    ];
  });
}

export interface Standing {
  readonly bgp: NodeBgp | null;
  readonly sent: SentRoutes | null;
  /** By `sessionKey`. */
  readonly faults: ReadonlyMap<string, { readonly reason: string; readonly message: string }>;
  /** Null: membership is switched off. */
  readonly members: ReadonlySet<string> | null;
  /** Null: membership is switched off, or does not say. */
  readonly noticeMs: number | null;
  readonly conflicts: readonly AddressConflict[];
  readonly notHeard: readonly AddressSilence[];
}

/** The status of the SpeakerReport of `node`. */
export function speakerStatus(node: string, standing: Standing): SpeakerReportStatus {
  const { bgp, sent, faults, members, noticeMs, conflicts, notHeard } = standing;
  const wanted = wantedOf(bgp);
  const sessions = wanted
    .map(({ vrf, neighbor }) => {
      const key = sessionKey(vrf, neighbor.key);
      return sessionStatus(vrf, neighbor, sent?.get(key), faults.get(key));
    })
    .sort((a, b) => (a.peer < b.peer ? -1 : 1));
  return {
    node,
    ...(wanted.length > 0 && {
      frr: { reachable: sent !== null, ...(sent === null && { message: "FRR does not answer" }) },
      sessions,
    }),
    ...(members !== null && { members: [...members].sort() }),
    ...(members !== null && noticeMs !== null && { noticeMs }),
    ...(conflicts.length > 0 && { conflicts: conflicts.slice(0, CONFLICTS_TOLD) }),
    ...(notHeard.length > 0 && { notHeard: notHeard.slice(0, CONFLICTS_TOLD) }),
  };
}

export const speakerReport = (node: string, standing: Standing): ReportWrite => ({
  apiVersion: "ferrolb.io/v1alpha1",
  kind: "SpeakerReport",
  namePrefix: `speaker-${node}`,
  labels: { "metallb.io/node": node },
  status: speakerStatus(node, standing),
});

function sessionStatus(
  vrf: string | null,
  { peer, key }: Neighbor,
  session: SessionSent | undefined,
  fault: { readonly reason: string; readonly message: string } | undefined,
): NonNullable<SpeakerReportStatus["sessions"]>[number] {
  const common = { peer, neighbor: key, ...(vrf !== null && { vrf }) };
  if (session === undefined)
    return { ...common, state: "Idle", reason: "frrUnreachable", message: "FRR does not have it" };
  const { state, detail, prefixes } = session;
  const as = detail === undefined || detail.remoteAs === 0 ? {} : { remoteAS: detail.remoteAs };
  if (state === "Established") {
    const since = detail?.since ?? null;
    return {
      ...common,
      ...as,
      state,
      ...(since !== null && { since }),
      prefixesSent: prefixes.size,
    };
  }
  const { reason, message } = fault ?? {
    reason: "sessionNotEstablished",
    message: "the BGP session is not established",
  };
  // Idle, Connect, Active and back, many times a minute: an object that says so would be written as often.
  return { ...common, ...as, state: "Active", reason, message };
}
