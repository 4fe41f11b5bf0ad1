/** ARP and NDP by address, with MetalLB's names; duels. An address that is no longer announced loses its series. */
import { Counter } from "prom-client";
import type { Registry } from "prom-client";
import { addSampled } from "./series.ts";

export interface L2Counters {
  requestReceived(ip: string): void;
  responseSent(ip: string): void;
  gratuitousSent(ip: string, frames: number): void;
  duel(ip: string, outcome: string): void;
  /** Forgets the addresses that are not among these. */
  retain(ips: ReadonlySet<string>): void;
}

/** `notHeard`: of how many addresses of others the owner is not heard now. */
export function createL2Counters(registry: Registry, notHeard = (): number => 0): L2Counters {
  const counter = (name: string, help: string): Map<string, number> => {
    const counts = new Map<string, number>();
    addSampled(registry, {
      ...{ name, help, type: "counter", labelNames: ["ip"] },
      samples: () => [...counts].map(([ip, value]) => ({ labels: { ip }, value })),
    });
    return counts;
  };
  const received = counter("metallb_layer2_requests_received", "Requests for announced addresses");
  const sent = counter("metallb_layer2_responses_sent", "Replies sent");
  const gratuitous = counter("metallb_layer2_gratuitous_sent", "Unsolicited frames sent");
  const duels = new Counter({
    name: "ferrolb_layer2_duels_total",
    help: "Other stations seen to answer for an address of this node, by what was done",
    labelNames: ["outcome"],
    registers: [registry],
  });
  for (const outcome of ["yield", "defend", "foreign"]) duels.inc({ outcome }, 0);
  addSampled(registry, {
    name: "ferrolb_layer2_not_heard",
    help: "Addresses of a neighbouring node that it is not heard to answer for",
    type: "gauge",
    labelNames: [],
    samples: () => [{ labels: {}, value: notHeard() }],
  });
  const add = (counts: Map<string, number>, ip: string, by = 1): void => {
    counts.set(ip, (counts.get(ip) ?? 0) + by);
  };
  return {
    requestReceived: (ip) => add(received, ip),
    responseSent: (ip) => add(sent, ip),
    gratuitousSent: (ip, frames) => add(gratuitous, ip, frames),
    duel: (_, outcome) => duels.inc({ outcome }),
    retain(ips) {
      for (const counts of [received, sent, gratuitous])
        for (const ip of counts.keys()) if (!ips.has(ip)) counts.delete(ip);
    },
  };
}
