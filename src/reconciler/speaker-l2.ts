/** The speaker's pass for L2: who answers for which address, told to the announcer. Never waits for anything. */
import { announcementsOf, electionFactsOf, l2Decisions } from "../l2/decision.ts";
import type { L2Options } from "../l2/decision.ts";
import type { Mac } from "../net/mac.ts";
import type { SpeakerContext } from "./speaker-ports.ts";
import { announcedByL2, nodeAddresses } from "./speaker-view.ts";

export function l2Pass(context: SpeakerContext): void {
  const { ports, options, announced } = context;
  const { announcer, membership } = ports;
  const { node, lbClass, excludePolicy } = options;
  const world = context.look();
  if (world === null) return;
  const { snapshot, parsed } = world;
  const { interfacesByNode, macs } = toldByMembers(context);
  const decisions = l2Decisions(parsed.config, snapshot, node, membership.alive(), {
    lbClass,
    excludePolicy,
    mixed: membership.allFerrolb?.() === false,
    ...interfacesByNode,
  });
  announcer.announce(announcementsOf(decisions));
  announcer.know?.({
    ...electionFactsOf(decisions),
    members: nodeAddresses(snapshot).map((m) => ({ ...m, macs: macs.get(m.node) ?? [] })),
  });
  announced.set("layer2", announcedByL2(decisions), (keys) => {
    const reasons = new Map<string, string>();
    for (const key of keys) {
      const decision = decisions.get(key);
      if (decision !== undefined) reasons.set(key, decision.cause ?? decision.reason ?? "notOwner");
    }
    return reasons;
  });
  context.reportLater();
}

/** Interfaces and MACs as the members tell them; without a membership nobody does. */
function toldByMembers({ ports, options }: SpeakerContext): {
  readonly interfacesByNode: Pick<L2Options, "interfacesByNode">;
  readonly macs: ReadonlyMap<string, readonly Mac[]>;
} {
  const facts = ports.membership.facts?.();
  if (facts === undefined) return { interfacesByNode: {}, macs: new Map() };
  const told = facts.flatMap(({ name, ports: known }) => (known === null ? [] : [{ name, known }]));
  const names = told.map(({ name, known }) => [name, known.map((p) => p.name)] as const);
  return {
    interfacesByNode: {
      interfacesByNode: new Map([...names, [options.node, ports.announcer.interfaces()]]),
    },
    macs: new Map(told.map(({ name, known }) => [name, known.map((p) => p.mac)])),
  };
}
