/** Status objects about one Service on this node: what is really announced, and why not (crds reference 1.10, 1.11; `AnnouncementReport` is ours). Pure. */
import type { ServiceKey } from "../api/objects.ts";
import type { AnnouncementReportStatus } from "../api/resources.ts";
import type { ReportWrite } from "../api/store.ts";
import type { BgpReason } from "../bgp/decision.ts";
import type { PeerTruth } from "./bgp-truth.ts";
import type { L2Truth } from "./l2-truth.ts";
import { textOf } from "./reason-texts.ts";
import type { Reason } from "./reason-texts.ts";

/** What a decision was made from, so that anyone can repeat it. */
export type Inputs = NonNullable<AnnouncementReportStatus["inputs"]>;

/** One Service as this node stands to it. */
export interface ServiceTruth {
  readonly key: ServiceKey;
  readonly bgp: {
    readonly peers: readonly PeerTruth[];
    /** Why nothing goes to any peer; null when something does or should. */
    readonly reason: BgpReason | "noSession" | "noPeerForPrefix" | null;
  };
  /** Null: no decision was made yet. */
  readonly l2: L2Truth | null;
}

const METALLB = "metallb.io/v1beta1";

const why = (reason: Reason | null, more = ""): { reason?: string; message?: string } =>
  reason === null ? {} : { reason, message: `${textOf(reason)}${more}` };

const namesOf = (key: ServiceKey): { serviceNamespace: string; serviceName: string } => {
  const slash = key.indexOf("/");
  return { serviceNamespace: key.slice(0, slash), serviceName: key.slice(slash + 1) };
};

/** Sent to these peers: each has all that it should have of the Service. */
const sentTo = (peers: readonly PeerTruth[]): readonly string[] =>
  peers.filter((p) => p.intended && p.sent).map((p) => p.peer);

/** ServiceBGPStatus and ServiceL2Status where there is something to show, AnnouncementReport always. */
export function reportsOf(
  node: string,
  truth: ServiceTruth,
  inputs: Inputs,
): readonly ReportWrite[] {
  const { serviceName, serviceNamespace } = namesOf(truth.key);
  const labels = {
    "metallb.io/node": node,
    "metallb.io/service-name": serviceName,
    "metallb.io/service-namespace": serviceNamespace,
  };
  const about = { node, serviceName, serviceNamespace };
  const peers = sentTo(truth.bgp.peers);
  const interfaces = (truth.l2?.interfaces ?? []).map((name) => ({ name }));
  return [
    ...(peers.length === 0
      ? []
      : [
          {
            apiVersion: METALLB,
            kind: "ServiceBGPStatus",
            namePrefix: "bgp-",
            labels,
            status: { ...about, peers },
          },
        ]),
    ...(truth.l2?.announced === true
      ? [
          {
            apiVersion: METALLB,
            kind: "ServiceL2Status",
            namePrefix: "l2-",
            labels,
            status: { ...about, interfaces },
          },
        ]
      : []),
    {
      apiVersion: "ferrolb.io/v1alpha1",
      kind: "AnnouncementReport",
      namePrefix: "report-",
      labels,
      status: {
        ...about,
        ...(truth.l2 !== null && { l2: l2Status(truth.l2) }),
        bgp: bgpStatus(truth.bgp),
        inputs,
      } satisfies AnnouncementReportStatus,
    },
  ];
}

/** As it stands in an AnnouncementReport. */
export function bgpStatus({ peers, reason }: ServiceTruth["bgp"]) {
  return {
    ...(peers.length > 0 && {
      peers: peers.map(({ peer, intended, sent, prefixes, missing, reason: not }) => ({
        ...{ peer, intended, sent, prefixes },
        ...why(not, missing.length < prefixes.length ? `: ${missing.join(", ")}` : ""),
      })),
    }),
    ...why(reason),
  };
}

function l2Status({ announced, addresses, interfaces, reason }: L2Truth) {
  return {
    announced,
    ...(addresses.length > 0 && {
      addresses: addresses.map((a) => ({
        ...{ ip: a.ip, announced: a.announced },
        ...(a.owner !== null && { owner: a.owner }),
      })),
    }),
    ...(announced && { interfaces }),
    ...why(reason),
  };
}
