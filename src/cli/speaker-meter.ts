/** The speaker's metrics: what its passes, FRR, the wire and the members tell, in one place. */
import type { FrrEvent } from "../frr/events.ts";
import { frrNumbers } from "../frr/numbers.ts";
import { followSent } from "../frr/sent.ts";
import type { Vty } from "../frr/vty.ts";
import { addFrrGauges, createFrrMeter } from "../observability/frr-metrics.ts";
import type { WantedPrefixes } from "../observability/frr-metrics.ts";
import { createL2Counters } from "../observability/layer2-metrics.ts";
import { addAnnouncedGauge } from "../observability/metrics.ts";
import { addSampled } from "../observability/series.ts";
import { createWireTimes } from "../observability/wire-times.ts";
import type { L2Metrics } from "../l2/announcer-ports.ts";
import type { Meter, PrefixWait } from "../reconciler/meter.ts";
import type {
  PassFacts,
  SpeakerMembershipPort,
  SpeakerPorts,
} from "../reconciler/speaker-ports.ts";
import { systemClock } from "../runtime/clock.ts";
import type { Daemon } from "./daemon.ts";

export interface SpeakerMeter {
  /** For the reconciler. */
  readonly ports: Required<Pick<SpeakerPorts, "meter" | "onPass" | "onPassError">>;
  /** For the announcer. */
  readonly l2: L2Metrics;
  /** For the engine. */
  readonly frr: (event: FrrEvent) => void;
  close(): void;
}

/** Sockets of FRR's daemons. */
interface Vtys {
  /** To bgpd, for what is on its way alone: no long answer to a scrape is before it. */
  readonly follow: Vty;
  readonly bgpd: Vty;
  readonly bfdd: Vty;
}

/** Members are asked for at the scrape: they may not be there yet. */
export function speakerMeter(
  { metrics, scrape, log }: Pick<Daemon, "metrics" | "scrape" | "log">,
  node: string,
  { follow, bgpd, bfdd }: Vtys,
  membership: () => SpeakerMembershipPort | null,
  notHeard: () => number,
): SpeakerMeter {
  const { registry } = metrics;
  let facts: PassFacts = { announced: [], stale: false, quarantined: [] };
  let wanted: readonly WantedPrefixes[] = [];
  addAnnouncedGauge(registry, node, () =>
    facts.announced.flatMap(({ key, protocol, ips }) =>
      ips.map((ip) => ({ service: key, protocol, ip })),
    ),
  );
  const l2 = createL2Counters(registry, notHeard);
  const wire = createWireTimes(registry, () => systemClock.now());
  const numbers = frrNumbers(bgpd, bfdd, systemClock);
  addFrrGauges(
    registry,
    () => numbers.latest(),
    () => wanted,
  );
  addMembersGauge();
  scrape.refresh = () => numbers.refresh();

  const follower = followSent<PrefixWait>({
    bgpd: follow,
    clock: systemClock,
    onSent(wait, atMs) {
      wire.prefixSent(wait, atMs);
      const { service, prefix } = wait;
      log.debug({ service, prefix, ms: atMs - wait.sinceMs }, "sent to a neighbour");
    },
    onGivenUp: (count) => wire.unmeasured(count),
  });
  const meter: Meter = {
    layer2: (waits, takeovers) => wire.expect(waits, takeovers),
    bgp: (waits) => follower.expect(waits),
    wanted: (neighbors) => {
      wanted = neighbors;
    },
  };

  function addMembersGauge(): void {
    addSampled(registry, {
      name: "ferrolb_members",
      help: "Speakers that this node knows of, itself included, by state",
      type: "gauge",
      labelNames: ["state"],
      samples: () => {
        const known = membership()?.facts?.() ?? [];
        const alive = known.filter((m) => m.alive).length;
        if (known.length === 0) return [];
        return [
          { labels: { state: "alive" }, value: alive },
          { labels: { state: "dead" }, value: known.length - alive },
        ];
      },
    });
  }

  return {
    ports: {
      meter,
      onPass(now) {
        facts = now;
        metrics.updates.inc();
        metrics.configLoaded.set(1);
        metrics.configStale.set(now.stale ? 1 : 0);
        metrics.quarantined(now.quarantined);
        l2.retain(new Set(layer2Of(now).flatMap(({ ips }) => ips)));
        wire.retain(new Set(now.announced.map(({ key }) => key)));
      },
      onPassError: () => metrics.updateErrors.inc(),
    },
    l2: {
      requestReceived: (ip) => l2.requestReceived(ip),
      responseSent: (ip) => l2.responseSent(ip),
      gratuitousSent(ip, frames, atMs) {
        wire.frameSent(ip, atMs);
        l2.gratuitousSent(ip, frames);
      },
      duel: (ip, outcome) => l2.duel(ip, outcome),
    },
    frr: createFrrMeter(registry),
    close() {
      follower.close();
      for (const vty of [follow, bgpd, bfdd]) vty.close();
    },
  };
}

const layer2Of = ({ announced }: PassFacts) => announced.filter((a) => a.protocol === "layer2");
