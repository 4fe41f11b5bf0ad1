/**
 * Watches where no speaker is ready: told as a metric, and once per node as an event. Where none lives on any node, each
 * Service with an address says so. Looked at anew every few seconds, since the controller does not watch Pods.
 */
import type { Condition, Pod, Service } from "../api/objects.ts";
import type { Snapshot } from "../api/snapshot.ts";
import type { Store } from "../api/store.ts";
import { nodesWithoutSpeaker } from "../explain/without-speaker.ts";
import type { WithoutSpeaker } from "../explain/without-speaker.ts";
import type { Clock } from "../runtime/clock.ts";
import { sleep } from "../runtime/clock.ts";
import { CONTROLLER_SOURCE } from "./controller.ts";
import type { Log } from "./log.ts";
import { NO_LIVE_SPEAKER, conditionChanges, noLiveSpeakerText } from "./unreachable.ts";

export interface CoveragePorts {
  readonly store: Pick<Store, "snapshot" | "recordEvent">;
  /** The speakers' Pods as they are now; null where speakers are no Pods. @throws AppError */
  readonly pods: (snapshot: Snapshot) => Promise<readonly Pod[] | null>;
  /** Replaces the conditions of a Service; null where Services have none. @throws AppError */
  readonly writeConditions:
    ((service: Service, conditions: readonly Condition[]) => Promise<void>) | null;
  /** `--lb-class` */
  readonly lbClass: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Null: not known. */
  readonly onCoverage: (without: readonly WithoutSpeaker[] | null) => void;
}

const EVERY_MS = 4000;
/** The only speaker of a cluster that is replaced is away for a moment; with two looks, 10 s are kept. */
const SERVICES_AFTER_MS = 4000;
/** A rollout takes each speaker away for a moment: an event is for what lasts. */
const EVENT_AFTER_MS = 30_000;

/** Runs until aborted. */
export async function watchCoverage(ports: CoveragePorts, signal: AbortSignal): Promise<void> {
  const { store, clock, log, onCoverage } = ports;
  const since = new Map<string, { readonly fromMs: number; told: boolean }>();
  let noneSinceMs: number | null = null;
  let failed = false;
  while (!signal.aborted) {
    const snapshot = store.snapshot();
    if (snapshot !== null)
      try {
        const pods = await ports.pods(snapshot);
        const without = pods === null ? null : nodesWithoutSpeaker({ ...snapshot, pods });
        onCoverage(without);
        tell(without ?? []);
        failed = false;
        const isNone = without !== null && without.length === snapshot.nodes.length;
        noneSinceMs = isNone ? (noneSinceMs ?? clock.now()) : null;
        const isLasting =
          without?.every((w) => w.reason === "taint") === true ||
          (noneSinceMs !== null && clock.now() - noneSinceMs >= SERVICES_AFTER_MS);
        if (!isNone || isLasting) await mark(snapshot, isNone ? noLiveSpeakerText(without) : null);
      } catch (err) {
        if (!failed) log.warn({ err }, "speakers cannot be listed");
        failed = true;
        onCoverage(null);
      }
    await sleep(clock, EVERY_MS, signal);
  }
  onCoverage(null);

  /** Events at the turn alone: a condition that stands already was told. */
  async function mark(snapshot: Snapshot, message: string | null): Promise<void> {
    if (ports.writeConditions === null) return;
    const changes = conditionChanges(snapshot.services, ports.lbClass, message, clock.date());
    for (const change of changes) {
      if (signal.aborted) return;
      try {
        await ports.writeConditions(change.service, change.conditions);
      } catch (err) {
        // Changed meanwhile, or gone: the next look has it as it is then.
        log.debug({ service: change.key, err }, "condition not written");
        continue;
      }
      if (change.message === null) continue;
      const { namespace = "", name } = change.service.metadata;
      store.recordEvent({
        about: { kind: "Service", namespace, name },
        type: "Warning",
        reason: NO_LIVE_SPEAKER,
        message: change.message,
        source: CONTROLLER_SOURCE,
      });
    }
    if (changes.length > 0)
      log.info({ services: changes.length, noLiveSpeaker: message !== null }, "Services marked");
  }

  function tell(without: readonly WithoutSpeaker[]): void {
    const nodes = new Set(without.map((w) => w.node));
    for (const [node, { told }] of since) {
      if (nodes.has(node)) continue;
      since.delete(node);
      if (told) log.info({ node }, "node has a speaker again");
    }
    for (const { node, reason, message } of without) {
      const known = since.get(node) ?? { fromMs: clock.now(), told: false };
      since.set(node, known);
      const isNews = reason === "taint" || clock.now() - known.fromMs >= EVENT_AFTER_MS;
      if (known.told || !isNews) continue;
      known.told = true;
      log.warn({ node, reason }, "node without a speaker");
      store.recordEvent({
        about: { kind: "Node", namespace: "", name: node },
        type: "Warning",
        reason: "noSpeaker",
        message,
        source: CONTROLLER_SOURCE,
      });
    }
  }
}
