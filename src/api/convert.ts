/**
 * BGPPeer between v1beta1 and v1beta2 (resource reference 1.7). What the older version cannot say is lost
 * on the way down; absent timers become `0s` either way.
 */
import { formatDuration, parseDuration } from "./duration.ts";
import type { LabelSelector } from "./objects.ts";
import type { BGPPeerSpec, BGPPeerV1beta1Spec } from "./resources.ts";

type Selectors = readonly LabelSelector[] | undefined;
type Json = Readonly<Record<string, unknown>>;

/** Go leaves zero values out of optional fields. */
const written = (fields: Json): Json =>
  Object.fromEntries(
    Object.entries(fields).filter(
      ([, v]) =>
        v !== undefined &&
        v !== "" &&
        v !== 0 &&
        v !== false &&
        !(Array.isArray(v) && v.length === 0),
    ),
  );

const timer = (text: string | undefined): string =>
  formatDuration(text === undefined ? 0n : parseDuration(text));

const labelsOf = ({ matchLabels = {} }: LabelSelector): Json =>
  Object.keys(matchLabels).length === 0 ? {} : { matchLabels };

const selectorsUp = (selectors: Selectors = []): Json[] =>
  selectors.map((s) => ({
    ...labelsOf(s),
    ...written({
      matchExpressions: (s.matchExpressions ?? []).map(({ key, operator, values }) => ({
        key,
        operator,
        ...written({ values }),
      })),
    }),
  }));

const selectorsDown = (selectors: Selectors = []): Json[] =>
  selectors.map((s) => ({
    ...labelsOf(s),
    ...written({
      matchExpressions: (s.matchExpressions ?? []).map(({ key, operator, values = [] }) => ({
        key,
        operator,
        values,
      })),
    }),
  }));

const common = (spec: Partial<BGPPeerSpec> | Partial<BGPPeerV1beta1Spec>): Json =>
  written({
    sourceAddress: spec.sourceAddress,
    peerPort: spec.peerPort,
    routerID: spec.routerID,
    password: spec.password,
    bfdProfile: spec.bfdProfile,
    ebgpMultiHop: spec.ebgpMultiHop,
  });

/** @throws AppError `ERR_BAD_DURATION` */
export const specUp = (spec: Partial<BGPPeerV1beta1Spec>): Json => ({
  myASN: spec.myASN ?? 0,
  ...written({ peerASN: spec.peerASN, peerAddress: spec.peerAddress }),
  ...common(spec),
  holdTime: timer(spec.holdTime),
  keepaliveTime: timer(spec.keepaliveTime),
  ...written({ nodeSelectors: selectorsUp(spec.nodeSelectors) }),
  passwordSecret: {},
});

/** @throws AppError `ERR_BAD_DURATION` */
export const specDown = (spec: Partial<BGPPeerSpec>): Json => ({
  myASN: spec.myASN ?? 0,
  peerASN: spec.peerASN ?? 0,
  peerAddress: spec.peerAddress ?? "",
  ...common(spec),
  holdTime: timer(spec.holdTime),
  keepaliveTime: timer(spec.keepaliveTime),
  ...written({ nodeSelectors: selectorsDown(spec.nodeSelectors) }),
});
