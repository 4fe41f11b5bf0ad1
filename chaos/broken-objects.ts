/** Versions of the run's objects that are wrong: some the API server's schema refuses, others it takes. */
import type { Manifest } from "./world.ts";

interface Slip {
  readonly kind: string;
  /** Name of the object. */
  readonly of: string;
  readonly spec: Readonly<Record<string, unknown>>;
}

/** The schema keeps them out. */
const REFUSED: readonly Slip[] = [
  { kind: "IPAddressPool", of: "routed", spec: { addresses: "203.0.113.0/24" } },
  { kind: "IPAddressPool", of: "local", spec: { avoidBuggyIPs: "yes" } },
  { kind: "BGPPeer", of: "router-1", spec: { peerASN: -1 } },
  { kind: "BGPPeer", of: "router-2", spec: { holdTime: "soon" } },
  { kind: "BFDProfile", of: "fast", spec: { receiveInterval: 5 } },
  { kind: "BGPAdvertisement", of: "routed", spec: { aggregationLength: 0 } },
  { kind: "L2Advertisement", of: "local", spec: { interfaces: "eth0" } },
];

/** The schema takes them, FerroLB's own rules do not. */
const BROKEN: readonly Slip[] = [
  { kind: "IPAddressPool", of: "routed", spec: { addresses: ["203.0.113.0/33"] } },
  { kind: "IPAddressPool", of: "local", spec: { addresses: ["198.51.100.250-198.51.100.150"] } },
  { kind: "BGPPeer", of: "router-1", spec: { peerAddress: "198.51.100.1 shutdown" } },
  { kind: "BGPPeer", of: "router-2", spec: { keepaliveTime: "30s" } },
  { kind: "BGPPeer", of: "router-1", spec: { bfdProfile: "no-such" } },
  { kind: "BGPAdvertisement", of: "routed", spec: { communities: ["no-such"] } },
];

const spoilt = (
  objects: ReadonlyMap<string, readonly Manifest[]>,
  slips: readonly Slip[],
  dice: number,
): { readonly good: Manifest; readonly bad: Manifest } => {
  const slip = slips[dice % slips.length];
  const good = [...objects.values()]
    .flat()
    .find((o) => o["kind"] === slip?.kind && (o["metadata"] as Named).name === slip?.of);
  if (slip === undefined || good === undefined) throw new Error("no such object");
  return { good, bad: { ...good, spec: { ...(good["spec"] as object), ...slip.spec } } };
};
interface Named {
  readonly name: string;
}

export const refusedVersion = (objects: ReadonlyMap<string, readonly Manifest[]>, dice: number) =>
  spoilt(objects, REFUSED, dice);
export const brokenVersion = (objects: ReadonlyMap<string, readonly Manifest[]>, dice: number) =>
  spoilt(objects, BROKEN, dice);
