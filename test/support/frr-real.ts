/** A random model as resources, through the code that renders a node's frr.conf. */
import { nodeBgpFor } from "../../src/bgp/node-bgp.ts";
import type { FrrLogLevel } from "../../src/bgp/model.ts";
import type { BfdProfile, Peer, Pool } from "../../src/config/config.ts";
import { renderFrr } from "../../src/frr-templates/render.ts";
import { parseIp } from "../../src/net/ip.ts";
import { advertisement, config, peer, pool, profile, service, snapshot } from "./bgp-fixture.ts";
import type { Model, PeerModel, Slot, SlotTable } from "./frr-model.ts";

export function renderReal(model: Model, slots: SlotTable): string {
  const prefixes = Object.keys(model.networks);
  const node = nodeBgpFor(
    config({
      peers: (Object.entries(model.peers) as [Slot, PeerModel][]).map(([slot, one]) =>
        peerOf(slot, one, model, slots),
      ),
      pools: prefixes.map((prefix) => poolOf(prefix, model)),
      bfdProfiles: Object.entries(model.profiles).map(([name, fields]) => profileOf(name, fields)),
      extras: model.extra,
    }),
    snapshot(prefixes.map((prefix) => service(prefix.replace(/[.:/]/g, "-"), [firstOf(prefix)]))),
    "n1",
    { hostname: "node", logLevel: model.debug ? "debugging" : (model.log as FrrLogLevel) },
  );
  if (node.problems.length > 0) throw new Error(JSON.stringify(node.problems));
  return renderFrr(node);
}

function peerOf(
  slot: Slot,
  model: PeerModel,
  { routerId, profiles }: Model,
  slots: SlotTable,
): Peer {
  const { peer: key, source } = slots[slot];
  const isInternal = model.remoteAs === "internal" || model.remoteAs === "64500";
  const [keepaliveTimeS = 0, holdTimeS = 0] = (model.timers ?? "").split(" ").map(Number);
  const remoteAs = ["internal", "external"].includes(model.remoteAs)
    ? (model.remoteAs as "internal" | "external")
    : Number(model.remoteAs);
  const timers = { keepaliveTimeS: Math.min(keepaliveTimeS, holdTimeS / 3), holdTimeS };
  return peer(slot, "192.0.2.2", {
    endpoint:
      slot === "unnumbered"
        ? { kind: "interface", name: key }
        : { kind: "address", address: parseIp(key) },
    remoteAs,
    localAsn: model.localAs && !isInternal ? 64999 : null,
    sourceAddress: model.source && source !== null ? parseIp(source) : null,
    port: model.port,
    timers: model.timers === null ? null : { ...timers, given: timers },
    connectTimeS: model.connect,
    routerId: parseIp(routerId),
    password: model.password,
    bfdProfile: profiles[model.bfd] === undefined ? null : model.bfd,
    gracefulRestart: model.gracefulRestart,
    ebgpMultiHop: model.multihop,
    vrf: slot === "vrf" ? "red" : null,
    dualStackAddressFamily: model.dual,
  });
}

/** Just the one prefix, announced to each peer by an advertisement of its own. */
function poolOf(prefix: string, { networks }: Model): Pool {
  const length = Number(prefix.split("/")[1]);
  const isV6 = prefix.includes(":");
  return pool(
    prefix,
    [prefix],
    Object.entries(networks[prefix] ?? {}).map(([slot, { localPref, communities, large }]) =>
      advertisement(`${prefix} to ${slot}`, {
        ...(isV6 ? { aggregationLengthV6: length } : { aggregationLength: length }),
        localPref: localPref ?? 0,
        communities: [...communities, ...large],
        peers: [slot],
      }),
    ),
  );
}

const firstOf = (prefix: string): string => prefix.split("/")[0] ?? "";

function profileOf(name: string, fields: Readonly<Record<string, number | boolean>>): BfdProfile {
  const number = (field: string): number | null => {
    const value = fields[field];
    return typeof value === "number" ? value : null;
  };
  return profile(name, {
    receiveIntervalMs: number("receive-interval"),
    transmitIntervalMs: number("transmit-interval"),
    detectMultiplier: number("detect-multiplier"),
    echoIntervalMs: number("echo transmit-interval"),
    echoMode: fields["echo-mode"] === true,
    passiveMode: fields["passive-mode"] === true,
    minimumTtl: number("minimum-ttl"),
  });
}
