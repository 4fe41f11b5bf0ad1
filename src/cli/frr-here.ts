/**
 * What the FRR of this machine says, in the place of what this node's speaker reported: for a node whose speaker is
 * away, or whom nobody believes. Why a session is down is asked as the speaker would.
 */
import type { Observed } from "../api/observed.ts";
import type { AnnouncementReport, SpeakerReport } from "../api/resources.ts";
import type { DownSession, SentRoutes } from "../api/sent-routes.ts";
import { AppError } from "../errors.ts";
import { worldFor } from "../explain/world.ts";
import type { ExplainOptions } from "../explain/world.ts";
import { sentReader } from "../frr/sent-reader.ts";
import { faultOf } from "../frr/session-fault.ts";
import type { Fault } from "../frr/session-fault.ts";
import { probePeer } from "../frr/session-probe.ts";
import { vtyshAt } from "../frr/vtysh.ts";
import type { Vtysh } from "../frr/vtysh.ts";
import type { Snapshot } from "../api/snapshot.ts";
import { bgpTruth } from "../reconciler/bgp-truth.ts";
import { bgpStatus } from "../reconciler/announcement-report.ts";
import { downSessions, speakerStatus } from "../reconciler/speaker-report.ts";

export interface FrrFlags {
  /** `true`: the vtysh of the path. */
  readonly vtysh: string | true;
  readonly vtyDir?: string;
}

/** `observed`, with what FRR says in the place of everything that was reported of `node`. */
export async function observedHere(
  snapshot: Snapshot,
  options: ExplainOptions & { readonly observed: Observed },
  node: string,
  { vtysh, vtyDir }: FrrFlags,
): Promise<Observed> {
  const { observed } = options;
  const bgp = worldFor(snapshot, options).bgpOn(node);
  const frr = vtyshAt({
    command: vtysh === true ? "vtysh" : vtysh,
    ...(vtyDir !== undefined && { vtyDir }),
  });
  const sent = await sentBy(frr);
  const faults = await faultsOf(downSessions(bgp, sent));
  const old = observed.speakerReports.find((r) => r.status?.node === node);
  const status = speakerStatus(node, {
    ...{ bgp, sent, faults, members: null, noticeMs: null, conflicts: [], notHeard: [] },
  });
  const own: SpeakerReport = {
    apiVersion: "ferrolb.io/v1alpha1",
    kind: "SpeakerReport",
    metadata: { name: `speaker-${node}`, namespace: snapshot.namespace },
    status: { ...old?.status, ...status },
  };
  const reports = [...bgpTruth(bgp, { sent, isSettled: () => true })].map(
    ([key, peers]): AnnouncementReport => {
      const [serviceNamespace = "", serviceName = ""] = key.split("/");
      const before = observed.announcementReports.find(
        (r) =>
          r.status?.node === node &&
          r.status.serviceName === serviceName &&
          r.status.serviceNamespace === serviceNamespace,
      );
      const about = { node, serviceName, serviceNamespace };
      return {
        apiVersion: "ferrolb.io/v1alpha1",
        kind: "AnnouncementReport",
        metadata: { name: `${node}-${key.replace("/", "-")}`, namespace: snapshot.namespace },
        status: { ...before?.status, ...about, bgp: bgpStatus({ peers, reason: null }) },
      };
    },
  );
  const others = <T extends { readonly status?: { readonly node?: string } }>(list: readonly T[]) =>
    list.filter((r) => r.status?.node !== node);
  return {
    ...observed,
    speakerReports: [...others(observed.speakerReports), own],
    announcementReports: [...others(observed.announcementReports), ...reports],
  };
}

/** Null: FRR does not answer, which is an answer. */
async function sentBy(frr: Vtysh): Promise<SentRoutes | null> {
  try {
    return await sentReader({ ask: (command) => frr.show([command]) }).read("");
  } catch (error) {
    if (error instanceof AppError && error.code === "ERR_FRR_UNREACHABLE") return null;
    throw error;
  }
}

async function faultsOf(down: readonly DownSession[]): Promise<ReadonlyMap<string, Fault>> {
  const found = down.map(async (one) => {
    const probe = one.address === null ? null : await probePeer({ ...one, address: one.address });
    const evidence = { probe, syn: null, hasPassword: one.password !== null };
    return [one.key, faultOf(one, evidence)] as const;
  });
  return new Map(await Promise.all(found));
}
