/** One lab from start to end: the steps, then the live table or the check, then everything removed. */
import { cp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Store } from "../api/store.ts";
import type { Result } from "../lab/check.ts";
import { announcements, checkClaims, waitForAddresses, writeDump } from "../lab/check.ts";
import type { Cluster } from "../lab/cluster.ts";
import { objectsIn } from "../lab/cluster-objects.ts";
import { claimsFor } from "../lab/claims.ts";
import { requireRoot, startLab } from "../lab/lab.ts";
import type { Lab, LabOptions } from "../lab/lab.ts";
import { claimName, removeLeftovers } from "../lab/labs.ts";
import { eyesOf, observe } from "../lab/observe.ts";
import { NODES } from "../lab/plan.ts";
import { HEADER, rowsFor } from "../lab/rows.ts";
import { LAB_ROUTERS } from "../lab/router-config.ts";
import { followServices } from "../lab/rule-loader.ts";
import { openDirectoryStore } from "../manifests/directory-store.ts";
import { DEFAULT_NAMESPACE } from "./input.ts";
import { print } from "./output.ts";
import { screen } from "./screen.ts";

export interface RunOptions extends LabOptions {
  readonly name: string;
  /** Copied to `manifests` first; null: they are there. */
  readonly copyFrom: string | null;
  readonly check: boolean;
  /** Where the parts of a cluster are; null: the lab follows the directory. */
  readonly clusterParts: { readonly bin: string; readonly crds: string } | null;
  /** Of the page, on this machine's localhost; 0: none. */
  readonly pagePort: number;
}

const NO_LOG = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
const ADDRESSES_WITHIN_MS = 60_000;
const CLAIMS_WITHIN_MS = 90_000;

/** True when the lab ended as it should: on request, or with every claim shown. */
export async function runLab(options: RunOptions): Promise<boolean> {
  requireRoot();
  const { name, manifests, copyFrom, check } = options;
  const ending = new AbortController();
  // Not `once`: a second Ctrl-C must not kill the process that is cleaning up.
  const end = (): void => ending.abort();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, end);
  // A reader that goes away (`| head`) ends other commands at once; a lab has things to remove first.
  process.stdout.removeAllListeners("error").on("error", end);
  const out = screen(check ? null : process.stdout);
  await claimName(name, manifests);
  const closers: (() => Promise<void>)[] = [];
  try {
    if (copyFrom !== null) await cp(copyFrom, manifests, { recursive: true });
    const cluster =
      options.clusterParts === null ? null : await clusterOf(options, (text) => out.note(text));
    if (cluster !== null) closers.push(() => cluster.stop());
    const lab = await startLab({
      routers: LAB_ROUTERS,
      ...options,
      ...(cluster !== null && { cluster: cluster.forLab }),
      onStep: (what, ms) => out.note(`${what} (${seconds(ms)})`),
      onCrash: (what, code) =>
        out.note(`${what} ended by itself (${code ?? "signal"}) and is started again`),
      restartMs: 1000,
    });
    closers.push(() => lab.stop());
    const began = performance.now();
    const store = await storeOf(manifests, cluster);
    closers.push(() => store.close());
    if (cluster === null)
      closers.push(
        followServices(store, lab.places, lab.dir, (e) =>
          out.note(`kube-proxy's rules: ${String(e)}`),
        ),
      );
    if (check) {
      const ok = await checkOnce(options, lab, store, began, ending.signal);
      if (!ok) await printLogs(lab);
      return ok;
    }
    const { lookAtDirectory, startPage } = await import("./page.ts");
    const page = await startPage(
      { pagePort: cluster === null ? options.pagePort : 0, pageBindAddress: "127.0.0.1" },
      {
        ...{ source: "directory", title: `lab ${name}` },
        look: lookAtDirectory(store, manifests, DEFAULT_NAMESPACE, {}),
      },
      NO_LOG,
    );
    closers.push(() => page.close());
    const picture = page.url === null ? "" : `; the picture: ${page.url}`;
    out.title(
      cluster === null
        ? `lab ${name}: edit ${manifests}, changes are followed; Ctrl-C ends and removes it${picture}`
        : `lab ${name}: KUBECONFIG=${cluster.api.kubeconfig} kubectl get services, changes are followed; Ctrl-C ends and removes it`,
    );
    await showUntil(lab, store, out, ending.signal);
    return true;
  } finally {
    out.close();
    if (!check) print("ending: stopping daemons, removing namespaces");
    for (const close of closers.reverse()) await close();
    process.off("SIGINT", end).off("SIGTERM", end).off("SIGHUP", end);
    await removeLeftovers(name); // also after a start that failed half way
  }
}

/** @throws AppError `ERR_ENVIRONMENT` */
async function clusterOf(
  { dir, manifests, clusterParts }: RunOptions,
  note: (text: string) => void,
): Promise<Cluster> {
  const began = performance.now();
  const { startCluster } = await import("../lab/cluster.ts"); // the client costs memory
  const cluster = await startCluster({
    dir: join(dir, "cluster"),
    bin: clusterParts?.bin ?? "",
    crds: clusterParts?.crds ?? "",
    objects: await objectsIn(manifests),
  });
  note(
    `etcd, kube-apiserver with the CRDs and the manifests (${seconds(performance.now() - began)})`,
  );
  return cluster;
}

/** What the lab itself looks at: the directory, or the API server from outside. */
async function storeOf(manifests: string, cluster: Cluster | null): Promise<Store> {
  if (cluster === null)
    return openDirectoryStore({
      dir: manifests,
      namespace: DEFAULT_NAMESPACE,
      stateDir: null,
      instance: "lab",
      writesStatus: false,
    });
  const { followCluster } = await import("../lab/cluster.ts");
  return followCluster(cluster.api.kubeconfig, DEFAULT_NAMESPACE);
}

async function showUntil(
  lab: Lab,
  store: Store,
  out: ReturnType<typeof screen>,
  signal: AbortSignal,
): Promise<void> {
  const eyes = await eyesOf(lab);
  const told = new Set<string>();
  while (!signal.aborted) {
    for (const { message } of store.problems())
      if (!told.has(message)) {
        told.add(message);
        out.note(message);
      }
    const snapshot = store.snapshot();
    if (snapshot !== null) {
      const seen = await observe(eyes, snapshot);
      out.rows(HEADER, rowsFor(snapshot.services, seen, eyes.nameOf));
    }
    await sleep(1000, null, { signal }).catch(() => null);
  }
}

async function checkOnce(
  { ferrolb, manifests, dir, clusterParts }: RunOptions,
  lab: Lab,
  store: Store,
  began: number,
  signal: AbortSignal,
): Promise<boolean> {
  const pending = await waitForAddresses(store, ADDRESSES_WITHIN_MS);
  const took = seconds(performance.now() - began);
  for (const key of pending) print(`FAIL  ${took}  ${key} has an address`);
  if (pending.length === 0) print(`ok    ${took}  every Service has its addresses`);
  const snapshot = store.snapshot();
  if (snapshot === null || signal.aborted) return false;
  // What stands at an API server is written down first: the offline command reads files.
  const from = clusterParts === null ? manifests : await writeDump(dir, snapshot);
  const announced = await announcements(ferrolb, from);
  const claims = claimsFor(snapshot, announced, await eyesOf(lab));
  const tell = ({ text, seen, tookMs }: Result): void =>
    print(
      seen === null
        ? `ok    ${seconds(tookMs)}  ${text}`
        : `FAIL  ${seconds(tookMs)}  ${text}; seen: ${seen}`,
    );
  const held = await checkClaims(claims, began, CLAIMS_WITHIN_MS, tell, signal);
  return held && pending.length === 0 && claims.length > 0;
}

async function printLogs(lab: Lab): Promise<void> {
  for (const { name, log } of [lab.controller, ...NODES.map((n) => lab.nodes[n].speaker)]) {
    const text = await readFile(log, "utf8").catch(() => "");
    process.stderr.write(`--- ${name}\n${text.slice(-3000)}\n`);
  }
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
