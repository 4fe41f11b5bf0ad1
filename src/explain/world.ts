/** Everything that answers stand on, worked out once for all Services of a snapshot; what is costly, when first asked. */
import { settleSnapshot } from "../allocator/settle.ts";
import type { Settled } from "../allocator/settle.ts";
import type { ServiceKey } from "../api/objects.ts";
import { NOTHING_OBSERVED } from "../api/observed.ts";
import type { Observed } from "../api/observed.ts";
import { endpointsByService } from "../api/service-view.ts";
import type { EndpointView } from "../api/service-view.ts";
import type { Snapshot } from "../api/snapshot.ts";
import type { NodeBgp } from "../bgp/model.ts";
import { nodeBgpFor } from "../bgp/node-bgp.ts";
import type { ExcludePolicy } from "../api/exclude-policy.ts";
import type { Config } from "../config/config.ts";
import { parseConfig } from "../config/parse.ts";
import type { Parsed } from "../config/parse.ts";
import { l2Decisions } from "../l2/decision.ts";
import type { L2Decision } from "../l2/decision.ts";
import type { Received } from "./received.ts";
import { liveSpeakers, speakerPods } from "./speakers.ts";

export interface ExplainOptions {
  readonly lbClass?: string;
  readonly excludePolicy?: ExcludePolicy;
  /** Nodes whose speaker is alive; absent: read off the snapshot and what was observed. */
  readonly speakers?: readonly string[];
  /** What controller and speakers left behind; absent: nobody looked. */
  readonly observed?: Observed;
  /** What routers say that they have; absent: nobody asked one. */
  readonly received?: readonly Received[];
}

export interface World {
  readonly snapshot: Snapshot;
  readonly observed: Observed;
  readonly received: readonly Received[];
  readonly parsed: Parsed;
  readonly config: Config;
  readonly lbClass: string;
  readonly excludePolicy: ExcludePolicy;
  readonly outcome: Settled;
  /** The snapshot once the controller is through. */
  readonly settled: Snapshot;
  readonly alive: ReadonlySet<string>;
  /** Nothing was there that says where speakers live: every Node counts. */
  readonly speakersAssumed: boolean;
  readonly endpointsOf: (key: ServiceKey) => EndpointView;
  readonly layer2: () => ReadonlyMap<ServiceKey, L2Decision>;
  readonly bgpOn: (node: string) => NodeBgp;
}

export function worldFor(snapshot: Snapshot, options: ExplainOptions = {}): World {
  const {
    lbClass = "",
    excludePolicy = "honour",
    observed = NOTHING_OBSERVED,
    received = [],
  } = options;
  const parsed = parseConfig(snapshot);
  const { config } = parsed;
  const outcome = settleSnapshot(snapshot, parsed, lbClass);
  const settled = { ...snapshot, services: outcome.services };
  const alive =
    options.speakers === undefined ? liveSpeakers(snapshot, observed) : new Set(options.speakers);
  const rules = { lbClass, excludePolicy };
  const bgp = new Map<string, NodeBgp>();
  let layer2: ReadonlyMap<ServiceKey, L2Decision> | null = null;
  const [anyone = ""] = snapshot.nodes.map((n) => n.metadata.name).sort();
  return {
    snapshot,
    observed,
    received,
    parsed,
    config,
    lbClass,
    excludePolicy,
    outcome,
    settled,
    alive,
    speakersAssumed:
      options.speakers === undefined &&
      observed.knowsSpeakers !== true &&
      observed.speakerReports.length === 0 &&
      speakerPods(snapshot).length === 0,
    endpointsOf: endpointsByService(snapshot.endpointSlices),
    layer2: () => (layer2 ??= l2Decisions(config, settled, anyone, alive, rules)),
    bgpOn(node) {
      const known = bgp.get(node) ?? nodeBgpFor(config, settled, node, rules);
      bgp.set(node, known);
      return known;
    },
  };
}
