/** The speaker's pass for BGP: what FRR of this node should do, applied as a delta; what it refuses, quarantined. */
import type { ServiceKey } from "../api/objects.ts";
import { keyOf } from "../api/objects.ts";
import type { Problem } from "../api/problem.ts";
import type { NodeBgp } from "../bgp/model.ts";
import { nodeBgpFor } from "../bgp/node-bgp.ts";
import { nodeFactsFor } from "../bgp/node-facts.ts";
import { bgpDecisions } from "../bgp/routes.ts";
import type { Parsed } from "../config/parse.ts";
import { AppError } from "../errors.ts";
import { desiredFor } from "../frr-templates/desired.ts";
import type { Again } from "../runtime/loop.ts";
import { NO_METER } from "./meter.ts";
import type { SpeakerContext, World } from "./speaker-ports.ts";
import { announcedByBgp } from "./speaker-view.ts";
import { bgpWaits, wantedOf } from "./waits.ts";

/** Its presence says that an FRR here carries lines of ours. */
export const FRR_FILE = "speaker-frr.json";

export interface BgpSide {
  /** @throws AppError `ERR_FRR_UNREACHABLE`, `ERR_FRR_REFUSED`: the loop backs off and runs it again */
  pass(signal: AbortSignal): Promise<Again>;
  /** FRR is no longer as it was left. */
  drifted(): void;
  problems(): readonly Problem[];
  /** What FRR should do; null before the first load. */
  wanted(): NodeBgp | null;
}

/**
 * `frrIsOurs`: an earlier run has left lines of ours in FRR.
 * `onApplied`: FRR was given something, or could not be.
 */
export function bgpSide(
  context: SpeakerContext,
  frrIsOurs: boolean,
  onApplied: (bgp: NodeBgp) => void,
): BgpSide {
  const { ports, options, config, announced, changes } = context;
  const { frr, log, clock, state, meter = NO_METER } = ports;
  const { node, lbClass, excludePolicy, frrLogLevel } = options;
  let isOurs = frrIsOurs;
  let inForce: string | null = null;
  let drifts = 0;
  let idleSaid = false;
  let problems: readonly Problem[] = [];
  let carried: NodeBgp | null = null;
  let wanted: NodeBgp | null = null;

  /** Brings FRR there. `false`: FRR refused something, which is left out from now on. */
  const bring = async (
    bgp: NodeBgp,
    parsed: Parsed,
    startedMs: number,
    signal: AbortSignal,
  ): Promise<boolean> => {
    const desired = desiredFor(bgp);
    if (desired.text === inForce) return true;
    inForce = null; // until the engine says otherwise
    const passMs = clock.now() - startedMs;
    const driftsBefore = drifts;
    const applied = await frr.apply(desired, signal).finally(() => onApplied(bgp));
    if (applied.kind === "refused") {
      log.warn({ refusals: applied.refusals }, "FRR refused a part of the configuration");
      if (config.refuse(parsed, applied.refusals)) return false;
      throw new AppError("ERR_FRR_REFUSED", "FRR refused lines that no resource asks for");
    }
    if (drifts === driftsBefore) inForce = desired.text;
    if (applied.kind === "settled") log.debug({ passMs }, "settled");
    else {
      const { commands, durationMs, givenMs } = applied;
      log.info({ commands, durationMs, givenMs, passMs }, "applied");
    }
    return true;
  };

  /** A node that no BGPPeer selects leaves an FRR alone that carries nothing of ours. */
  const sayIdle = (): void => {
    if (!idleSaid) log.info({}, "no BGPPeer selects this node: BGP has nothing to do");
    idleSaid = true;
  };

  return {
    problems: () => problems,
    wanted: () => wanted,
    drifted() {
      drifts++; // also while a batch is under way: its end then proves nothing
      inForce = null;
    },
    async pass(signal) {
      const startedMs = clock.now();
      const due = changes.due("bgp");
      const world = context.look();
      if (world === null) return null; // the first load is not complete: what FRR has stays as it is
      const { snapshot, parsed } = world;
      const bgp = nodeBgpFor(parsed.config, snapshot, node, {
        lbClass,
        excludePolicy,
        logLevel: frrLogLevel,
      });
      problems = bgp.problems;
      wanted = bgp;
      const hasWork = bgp.instances.length > 0 || bgp.extras !== null;
      if (hasWork && !isOurs) await state?.write(FRR_FILE, "{}");
      isOurs ||= hasWork;
      meter.bgp(bgpWaits(bgp, carried, due));
      meter.wanted(wantedOf(bgp));
      if (!isOurs) sayIdle();
      else if (!(await bring(bgp, parsed, startedMs, signal))) return { afterMs: 0 };
      carried = bgp;
      changes.settle("bgp", due);
      config.keep(parsed);
      announced.set("bgp", announcedByBgp(bgp, snapshot), (keys) => reasonsFor(world, keys));
      context.reportLater();
      return null;
    },
  };

  function reasonsFor(
    { snapshot, parsed }: World,
    keys: ReadonlySet<ServiceKey>,
  ): ReadonlyMap<ServiceKey, string> {
    const services = snapshot.services.filter((s) => keys.has(keyOf(s)));
    const facts = nodeFactsFor(node, snapshot.nodes, excludePolicy);
    const decisions = bgpDecisions(parsed.config, { ...snapshot, services }, facts, lbClass);
    return new Map(
      [...decisions].map(([key, { decision }]) => [
        key,
        decision.announce ? "noPeer" : decision.reason,
      ]),
    );
  }
}
