/**
 * The speaker's pass for L2: who answers for which address, told to the announcer. It waits for nothing, but
 * what is only to be remembered comes a turn later: questions for a new address are answered first.
 */
import type { ServiceKey } from "../api/objects.ts";
import { announcementsOf, electionFactsOf, l2Decisions } from "../l2/decision.ts";
import type { L2Decision, L2Options } from "../l2/decision.ts";
import { wardOf } from "../l2/wards.ts";
import type { Ward } from "../l2/wards.ts";
import type { Ip } from "../net/ip.ts";
import type { Mac } from "../net/mac.ts";
import { NO_METER } from "./meter.ts";
import type { SpeakerContext } from "./speaker-ports.ts";
import { announcedByL2, nodeAddresses } from "./speaker-view.ts";
import { layer2Waits, ownersOf, takeoversOf } from "./waits.ts";
import type { Owners } from "./waits.ts";

export interface L2Side {
  pass(): Promise<void>;
  /** What was decided last, by Service; null before the first load. */
  decisions(): ReadonlyMap<ServiceKey, L2Decision> | null;
}

/** Passes of one speaker remember who answered for each address, to know a takeover. */
export function l2Side(context: SpeakerContext): L2Side {
  let owners: Owners = new Map();
  let decisions: ReadonlyMap<ServiceKey, L2Decision> | null = null;
  return {
    async pass() {
      decisions = (await l2Pass(context, owners)) ?? decisions;
      if (decisions !== null) owners = ownersOf(decisions);
    },
    decisions: () => decisions,
  };
}

async function l2Pass(
  context: SpeakerContext,
  owners: Owners,
): Promise<ReadonlyMap<ServiceKey, L2Decision> | null> {
  const { ports, options, announced, changes } = context;
  const { announcer, membership, meter = NO_METER } = ports;
  const { node, lbClass, excludePolicy } = options;
  const due = changes.due("layer2");
  const world = context.look();
  if (world === null) return null;
  const { snapshot, parsed } = world;
  const { interfacesByNode, macs, ports: told } = toldByMembers(context);
  const alive = membership.alive();
  const decisions = l2Decisions(parsed.config, snapshot, node, alive, {
    lbClass,
    excludePolicy,
    mixed: membership.allFerrolb?.() === false,
    ...interfacesByNode,
  });
  meter.layer2(
    layer2Waits(decisions, owners, node, due),
    takeoversOf(decisions, owners, node, alive, (n) => membership.lastHeardMs?.(n) ?? null),
  );
  announcer.announce(announcementsOf(decisions));
  announcer.know?.({
    ...electionFactsOf(decisions),
    members: nodeAddresses(snapshot).map((m) => ({ ...m, macs: macs.get(m.node) ?? [] })),
    wards: wardsOf(decisions, wardOf(node, alive ?? []), told),
  });
  await new Promise<void>((resolve) => ports.clock.after(0, resolve));
  announced.set("layer2", announcedByL2(decisions), (keys) => {
    const reasons = new Map<string, string>();
    for (const key of keys) {
      const decision = decisions.get(key);
      if (decision !== undefined) reasons.set(key, decision.cause ?? decision.reason ?? "notOwner");
    }
    return reasons;
  });
  changes.settle("layer2", due);
  context.reportLater();
  return decisions;
}

interface Told {
  readonly name: string;
  readonly mac: Mac;
}

/** What the node that is looked after answers for, and with which MACs. */
function wardsOf(
  decisions: ReadonlyMap<ServiceKey, L2Decision>,
  node: string | null,
  told: ReadonlyMap<string, readonly Told[]>,
): ReadonlyMap<Ip, Ward> {
  const known = node === null ? undefined : told.get(node);
  const wards = new Map<Ip, Ward>();
  if (node === null || known === undefined) return wards;
  for (const { addresses } of decisions.values())
    for (const { ip, winner, winnerInterfaces: on } of addresses) {
      if (winner !== node) continue;
      const ports = known.filter(({ name }) => on === "*" || on.includes(name));
      wards.set(ip, { node, macs: ports.map(({ mac }) => mac) });
    }
  return wards;
}

/** Interfaces and MACs as the members tell them; without a membership nobody does. */
function toldByMembers({ ports, options }: SpeakerContext): {
  readonly interfacesByNode: Pick<L2Options, "interfacesByNode">;
  readonly macs: ReadonlyMap<string, readonly Mac[]>;
  readonly ports: ReadonlyMap<string, readonly Told[]>;
} {
  const facts = ports.membership.facts?.();
  if (facts === undefined) return { interfacesByNode: {}, macs: new Map(), ports: new Map() };
  const told = facts.flatMap(({ name, ports: known }) => (known === null ? [] : [{ name, known }]));
  const names = told.map(({ name, known }) => [name, known.map((p) => p.name)] as const);
  return {
    interfacesByNode: {
      interfacesByNode: new Map([...names, [options.node, ports.announcer.interfaces()]]),
    },
    macs: new Map(told.map(({ name, known }) => [name, known.map((p) => p.mac)])),
    ports: new Map(told.map(({ name, known }) => [name, known])),
  };
}
