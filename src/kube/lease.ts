/**
 * Leader election by a Lease (coordination.k8s.io/v1), as client-go does it: expiry is judged by our own
 * clock from when we last saw the Lease change, so clocks of machines need not agree.
 */
import { setMaxListeners } from "node:events";
import { AppError } from "../errors.ts";
import { sleep } from "../runtime/clock.ts";
import type { Clock } from "../runtime/clock.ts";
import { KubeError } from "./client.ts";
import type { KubeClient } from "./client.ts";

export interface LeaseOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly name: string;
  /** Unique per process: the Pod's name. */
  readonly identity: string;
  readonly clock: Clock;
  /** A leader that has not renewed for so long is replaced. */
  readonly durationMs?: number;
  /** A leader that can't renew for so long stops by itself; less than the duration. */
  readonly renewDeadlineMs?: number;
  readonly retryMs?: number;
  /** The Lease cannot be read or written; said once until it can. */
  readonly onFailure?: (error: AppError) => void;
}

interface Lease {
  readonly metadata: { readonly resourceVersion: string };
  readonly spec?: {
    readonly holderIdentity?: string;
    readonly renewTime?: string;
    readonly leaseTransitions?: number;
  };
}

/**
 * Waits for the Lease, then runs `lead` with a signal that aborts when the Lease is lost; goes on until
 * aborted. Gives the Lease up on the way out, so that a planned stop hands over at once.
 */
export async function leadWhenElected(
  o: LeaseOptions,
  lead: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const durationMs = o.durationMs ?? 5000;
  const deadlineMs = o.renewDeadlineMs ?? 3500;
  const retryMs = o.retryMs ?? 1000;
  const path = `/apis/coordination.k8s.io/v1/namespaces/${o.namespace}/leases`;
  let seen = { version: "", atMs: 0 };

  const spec = (transitions: number, held: boolean) => ({
    holderIdentity: held ? o.identity : "",
    leaseDurationSeconds: held ? Math.ceil(durationMs / 1000) : 1,
    renewTime: o.clock.date().toISOString().replace("Z", "000Z"),
    leaseTransitions: transitions,
  });

  /** 409 when somebody else was quicker: written over what we have seen alone. */
  const put = ({ metadata }: Lease, transitions: number, held: boolean): Promise<unknown> =>
    o.client.request("PUT", `${path}/${o.name}`, {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: {
        name: o.name,
        namespace: o.namespace,
        resourceVersion: metadata.resourceVersion,
      },
      spec: spec(transitions, held),
    });

  /** True when the Lease is ours now. */
  const tryToHold = async (): Promise<boolean> => {
    try {
      const lease = (await o.client.request("GET", `${path}/${o.name}`)) as Lease;
      const holder = lease.spec?.holderIdentity ?? "";
      if (lease.metadata.resourceVersion !== seen.version)
        seen = { version: lease.metadata.resourceVersion, atMs: o.clock.now() };
      const expired = o.clock.now() - seen.atMs > durationMs;
      if (holder !== "" && holder !== o.identity && !expired) return false;
      const transitions = (lease.spec?.leaseTransitions ?? 0) + (holder === o.identity ? 0 : 1);
      await put(lease, transitions, true);
      return true;
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      if (error.status === 409) return false;
      if (error.status !== 404) throw error;
      await o.client.request("POST", path, {
        apiVersion: "coordination.k8s.io/v1",
        kind: "Lease",
        metadata: { name: o.name, namespace: o.namespace },
        spec: spec(0, true),
      });
      return true;
    }
  };

  let failing = false;
  const attempt = async (): Promise<boolean> => {
    try {
      const held = await tryToHold();
      failing = false;
      return held;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      if (!failing) o.onFailure?.(error);
      failing = true;
      return false;
    }
  };

  const release = async (): Promise<void> => {
    try {
      const lease = (await o.client.request("GET", `${path}/${o.name}`)) as Lease;
      if (lease.spec?.holderIdentity !== o.identity) return;
      await put(lease, lease.spec.leaseTransitions ?? 0, false);
    } catch (error) {
      if (!(error instanceof AppError)) throw error; // it will expire by itself
    }
  };

  while (!signal.aborted) {
    if (!(await attempt())) {
      await sleep(o.clock, retryMs, signal);
      continue;
    }
    const lost = new AbortController();
    const either = AbortSignal.any([signal, lost.signal]);
    setMaxListeners(0, either); // all that a leader runs listens
    let renewedMs = o.clock.now();
    const leading = lead(either);
    for (;;) {
      await sleep(o.clock, retryMs, either);
      if (isAborted(either)) break;
      // Whoever can't renew must stop before anybody else may start.
      const renewal = Promise.race([attempt(), sleep(o.clock, retryMs, either).then(() => false)]);
      if (await renewal) renewedMs = o.clock.now();
      else if (o.clock.now() - renewedMs > deadlineMs - retryMs) lost.abort();
    }
    await leading;
  }
  await release();
}

const isAborted = (signal: AbortSignal): boolean => signal.aborted;
