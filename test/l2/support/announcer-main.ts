/**
 * An announcer in a process of its own, so that it can live in a network namespace. Commands come as JSON
 * lines on stdin, what happens goes out as JSON lines on stdout.
 */
import { createInterface } from "node:readline";
import { startAnnouncer } from "../../../src/l2/announcer.ts";
import type { Interfaces } from "../../../src/l2/interfaces.ts";
import type { Member } from "../../../src/l2/members.ts";
import { parseIp } from "../../../src/net/ip.ts";
import type { Ip } from "../../../src/net/ip.ts";
import { parseMac } from "../../../src/net/mac.ts";
import { systemClock } from "../../../src/runtime/clock.ts";

interface Start {
  readonly node: string;
  readonly excludes?: readonly string[];
  readonly refreshMs?: number;
  readonly probeEveryMs?: number;
}
type Command =
  | { readonly announce: Record<string, Interfaces> }
  | {
      readonly know: {
        readonly watched?: readonly string[];
        readonly keys?: Record<string, string>;
        readonly members?: readonly { node: string; macs?: string[]; addresses?: string[] }[];
      };
    }
  | { readonly handOver: number }
  | { readonly ask: "interfaces" | "counters" | "yielded" }
  | { readonly close: true };

const say = (what: unknown): void => void process.stdout.write(`${JSON.stringify(what)}\n`);
const counters: Record<string, Record<string, number>> = {};
const count = (name: string, ip: Ip, by = 1): void => {
  const series = (counters[name] ??= {});
  series[ip] = (series[ip] ?? 0) + by;
};

const { excludes = [], ...rest } = JSON.parse(process.argv[2] ?? "{}") as Start;
const announcer = startAnnouncer({
  ...rest,
  excludes: excludes.map((e) => new RegExp(e)),
  clock: systemClock,
  metrics: {
    requestReceived: (ip) => count("requests", ip),
    responseSent: (ip) => count("responses", ip),
    gratuitousSent: (ip, frames) => count("gratuitous", ip, frames),
    duel: (ip) => count("duels", ip),
  },
  onEvent: (event) =>
    say({ event: { ...event, ...("error" in event && { error: String(event.error) }) } }),
});
announcer.onChange(() => say({ interfaces: announcer.interfaces() }));
say({ ready: announcer.interfaces() });

const memberOf = ({
  node,
  macs = [],
  addresses = [],
}: {
  node: string;
  macs?: string[];
  addresses?: string[];
}): Member => ({
  node,
  macs: macs.map(parseMac),
  addresses: addresses.map(parseIp),
});

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line) as Command;
  if ("announce" in command)
    announcer.announce(
      new Map(Object.entries(command.announce).map(([ip, on]) => [parseIp(ip), on])),
    );
  else if ("know" in command)
    announcer.know({
      watched: (command.know.watched ?? []).map(parseIp),
      electionKeys: new Map(
        Object.entries(command.know.keys ?? {}).map(([ip, key]) => [parseIp(ip), parseIp(key)]),
      ),
      members: (command.know.members ?? []).map(memberOf),
    });
  else if ("handOver" in command)
    void announcer.handOver(command.handOver).then(() => say({ answer: "silent" }));
  else if ("ask" in command) {
    if (command.ask === "interfaces") say({ answer: announcer.interfaces() });
    else if (command.ask === "counters") say({ answer: counters });
    else say({ answer: Object.fromEntries(announcer.yielded()) });
  } else await announcer.close();
}
