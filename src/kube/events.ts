/** Kubernetes events: best effort, never in the way; equal ones in a row are counted on one object. */
import type { EventWrite } from "../api/store.ts";
import type { Clock } from "../runtime/clock.ts";
import { AppError } from "../errors.ts";
import type { KubeClient } from "./client.ts";

/** Events waiting for a slow API server; more are dropped, oldest first. */
const MOST_WAITING = 500;
/** Remembered for counting. */
const MOST_KNOWN = 2000;
const MESSAGE_MAX = 1024;

interface Known {
  readonly path: string;
  count: number;
}

export interface Events {
  record(event: EventWrite): void;
  /** Resolves when nothing waits any more. */
  flush(): Promise<void>;
}

export function kubeEvents(
  client: KubeClient,
  clock: Clock,
  instance: string,
  onFailure: (error: AppError) => void,
): Events {
  const waiting: EventWrite[] = [];
  const known = new Map<string, Known>();
  let working: Promise<void> | null = null;

  const write = async (event: EventWrite): Promise<void> => {
    const { about, type, reason, message, source } = event;
    const at = clock
      .date()
      .toISOString()
      .replace(/\.\d+Z$/, "Z");
    const key = [about.kind, about.namespace, about.name, type, reason, message, source].join(
      "\u0000",
    );
    const before = known.get(key);
    if (before !== undefined) {
      before.count++;
      try {
        await client.patch(before.path, { count: before.count, lastTimestamp: at });
        return;
      } catch (error) {
        // It expired (events live for an hour): write it anew.
        if (!(error instanceof AppError) || !/\b404\b|not found/.test(error.message)) throw error;
        known.delete(key);
      }
    }
    const namespace = about.namespace === "" ? "default" : about.namespace;
    const created = (await client.request("POST", `/api/v1/namespaces/${namespace}/events`, {
      apiVersion: "v1",
      kind: "Event",
      metadata: { generateName: `${about.name.slice(0, 200)}.`, namespace },
      involvedObject: {
        apiVersion: about.kind === "Service" || about.kind === "Node" ? "v1" : "metallb.io/v1beta1",
        kind: about.kind,
        name: about.name,
        ...(about.namespace !== "" && { namespace: about.namespace }),
      },
      type,
      reason,
      message: message.slice(0, MESSAGE_MAX),
      source: { component: source, host: instance },
      reportingComponent: source,
      reportingInstance: instance,
      firstTimestamp: at,
      lastTimestamp: at,
      count: 1,
    })) as { readonly metadata: { readonly name: string } };
    if (known.size >= MOST_KNOWN) known.clear();
    known.set(key, {
      path: `/api/v1/namespaces/${namespace}/events/${created.metadata.name}`,
      count: 1,
    });
  };

  const work = async (): Promise<void> => {
    for (let event = waiting.shift(); event !== undefined; event = waiting.shift()) {
      try {
        await write(event);
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        onFailure(error);
      }
    }
    working = null;
  };

  return {
    record(event) {
      if (waiting.length >= MOST_WAITING) waiting.shift();
      waiting.push(event);
      working ??= work();
    },
    flush: () => working ?? Promise.resolve(),
  };
}
