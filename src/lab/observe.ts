/** One look at everything the table shows. */
import type { Snapshot } from "../api/snapshot.ts";
import type { Ip } from "../net/ip.ts";
import { addressOf as numberOf } from "../net/ip.ts";
import { parsePrefix, prefixContains } from "../net/prefix.ts";
import type { Answer } from "./backend.ts";
import type { Eyes } from "./claims.ts";
import type { Lab } from "./lab.ts";
import { arpOwners, askBackend, pathsAt, routesAt, sessionsAt, whoIsWho } from "./look.ts";
import { LAN } from "./plan.ts";
import { ipsOf } from "./rows.ts";
import type { Seen } from "./rows.ts";

/** Asking costs processes: of a lab with hundreds of Services only the first addresses are asked. */
const ASKED = 32;
const AT_ONCE = 4;

/** Looks at the lab's places from outside; addresses are read once. */
export async function eyesOf(lab: Lab): Promise<Eyes> {
  const nameOf = await whoIsWho(lab.places);
  return {
    nameOf,
    routes: (router) => routesAt(lab.places[router]),
    paths: (router, prefix) => pathsAt(lab.routers[router], prefix),
    sessions: (router) => sessionsAt(lab.routers[router]),
    arp: (dev, address) => arpOwners(lab.places.c1, dev, address),
    ask: (address, port) => askBackend(lab.places.c1, address, port),
  };
}

export async function observe(eyes: Eyes, { services }: Pick<Snapshot, "services">): Promise<Seen> {
  const asked = new Map<Ip, number>();
  for (const service of services)
    for (const ip of ipsOf(service)) {
      const port = service.spec?.ports?.[0]?.port;
      if (port !== undefined && !asked.has(ip) && asked.size < ASKED) asked.set(ip, port);
    }
  const arp = new Map<string, readonly string[]>();
  const answers = new Map<string, Answer | null>();
  const askOne = async ([ip, port]: readonly [Ip, number]): Promise<void> => {
    if (prefixContains(parsePrefix(LAN), numberOf(ip))) arp.set(ip, await eyes.arp("eth0", ip));
    answers.set(ip, await eyes.ask(ip, port));
  };
  const todo = [...asked.entries()];
  const askNext = async (): Promise<void> => {
    for (let one = todo.shift(); one !== undefined; one = todo.shift()) await askOne(one);
  };
  const [r1, r2] = await Promise.all([eyes.routes("r1"), eyes.routes("r2")]);
  await Promise.all(Array.from({ length: AT_ONCE }, askNext));
  return { routes: { r1, r2 }, arp, answers };
}
