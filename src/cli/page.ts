/** Wiring of the page: what it looks at, in a directory of manifests or in a cluster. */
import { gather } from "../api/observed.ts";
import type { Store } from "../api/store.ts";
import type { KubeClient } from "../kube/client.ts";
import { eventFrom, observedFrom, readObservedDir } from "../manifests/observed.ts";
import { servePage } from "../page/server.ts";
import type { Seen, WatchPorts } from "../page/watch.ts";
import type { ExplainOptions } from "../explain/world.ts";
import type { Log } from "../reconciler/log.ts";
import { systemClock } from "../runtime/clock.ts";
import type { PageFlags } from "./page-flags.ts";

/** A directory is cheap to read; a cluster is listed as a whole, so it is asked less often. */
const EVERY_MS = { directory: 1000, cluster: 5000 } as const;

/** What is in a directory, as the store has it, with what the daemons left there. */
export const lookAtDirectory =
  (
    store: Pick<Store, "snapshot">,
    dir: string,
    namespace: string,
    options: ExplainOptions,
  ): WatchPorts["look"] =>
  async (): Promise<Seen | null> => {
    const snapshot = store.snapshot();
    if (snapshot === null) return null;
    const { objects, events } = await readObservedDir(dir, namespace);
    return { snapshot, options: { ...options, observed: gather(objects, events) } };
  };

/** Everything that the controller's account may read. */
export const lookAtCluster =
  (client: KubeClient, namespace: string, options: ExplainOptions): WatchPorts["look"] =>
  async (): Promise<Seen> => {
    const { readCluster } = await import("../kube/read-once.ts");
    const { snapshot, observations, unread, knowsSpeakers } = await readCluster(client, namespace);
    const objects = observations.map(observedFrom).filter((o) => o !== null);
    const events = observations.map(eventFrom).filter((e) => e !== null);
    // Secrets are not the page's to read: passwords that are referred to are taken to be there.
    const missing = unread.map(({ what }) => what).filter((what) => what !== "secrets");
    return {
      snapshot,
      options: { ...options, observed: { ...gather(objects, events), knowsSpeakers } },
      unread: missing,
    };
  };

/** A port that is taken costs the page, and nothing else. */
export async function startPage(
  { pagePort, pageBindAddress }: PageFlags,
  ports: Pick<WatchPorts, "look" | "title"> & { readonly source: keyof typeof EVERY_MS },
  log: Log,
): Promise<{ readonly url: string | null; close(): Promise<void> }> {
  if (pagePort === 0) return NO_PAGE;
  try {
    const page = await servePage({
      ...{ look: ports.look, title: ports.title, clock: systemClock },
      ...{ everyMs: EVERY_MS[ports.source], host: pageBindAddress, port: pagePort },
    });
    log.info({ url: page.url }, "page is served");
    return page;
  } catch (err) {
    log.warn({ err }, "page cannot be served");
    return NO_PAGE;
  }
}

const NO_PAGE = { url: null, close: () => Promise.resolve() };
