/** What FRR and the wire tell: to the log, and to the Service concerned. */
import type { Store } from "../api/store.ts";
import { keyOf } from "../api/objects.ts";
import type { Service } from "../api/objects.ts";
import type { FrrEvent } from "../frr/events.ts";
import type { L2Event } from "../l2/announcer-ports.ts";
import type { Ip } from "../net/ip.ts";
import { SPEAKER_SOURCE } from "../reconciler/announced.ts";
import type { Log } from "../reconciler/log.ts";

/** What was applied or refused is told by the pass itself. */
export const logFrrEvent =
  (log: Log) =>
  (event: FrrEvent): void => {
    switch (event.kind) {
      case "applied":
      case "refused":
        return;
      case "unreachable":
      case "partly-away":
      case "conf-unwritten":
        log.warn({ ...event }, "FRR needs help");
        return;
      case "unrestored":
      case "version-mismatch":
        log.error({ ...event }, "FRR needs help");
        return;
      case "drift":
        log.warn({ ...event }, "FRR is no longer as it was left");
        return;
      case "healed":
      case "whole-again":
      case "conf-written":
        log.info({ ...event }, "FRR is well again");
        return;
      default:
        event satisfies never;
    }
  };

const holdersOf = (store: Store, ip: Ip): readonly Service[] =>
  (store.snapshot()?.services ?? []).filter((s) =>
    (s.status?.loadBalancer?.ingress ?? []).some((entry) => entry.ip === ip),
  );

/** Also an event on each Service that holds the address, where a person has to act. */
export function logL2Event(log: Log, store: Store, node: string): (event: L2Event) => void {
  const warn = (ip: Ip, reason: string, message: string): void => {
    for (const service of holdersOf(store, ip)) {
      const [namespace = "", name = ""] = keyOf(service).split("/");
      store.recordEvent({
        about: { kind: "Service", namespace, name },
        type: "Warning",
        reason,
        message,
        source: SPEAKER_SOURCE,
      });
    }
  };
  return (event) => {
    switch (event.kind) {
      case "announceFailed": {
        const { ip, interfaces } = event;
        log.warn({ ip, interfaces }, "none of the chosen interfaces exists here");
        warn(
          ip,
          "announceFailed",
          `none of the interfaces ${interfaces.join(", ")} chosen for ${ip} exists on node "${node}", protocol "layer2"`,
        );
        return;
      }
      case "foreignHost": {
        const { ip, mac, port } = event;
        log.error({ ip, mac, port }, "a host outside the cluster has the address");
        warn(ip, "addressConflict", `${mac} on ${port} of node "${node}" answers for ${ip} too`);
        return;
      }
      case "notHeard": {
        const { ip, node: owner } = event;
        log.error({ ip, owner }, "the owner of an address is not heard to answer for it");
        warn(
          ip,
          "notHeard",
          `node "${node}" does not hear node "${owner}" answer for ${ip}: something between them keeps ARP or NDP back`,
        );
        return;
      }
      case "heardAgain":
        log.info({ ip: event.ip, owner: event.node }, "the owner of an address is heard again");
        return;
      case "duel":
        log.warn({ ...event }, "another node answered for the address");
        return;
      case "interfaceFailed":
        log.warn({ port: event.port, err: event.error }, "interface cannot be used");
        return;
      default:
        event satisfies never;
    }
  };
}
