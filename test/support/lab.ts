/** A lab for tests: the real commands on real parts, below a temporary directory. */
import { cp, mkdir, mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { execa } from "execa";
import type { Eyes } from "../../src/lab/claims.ts";
import { startLab } from "../../src/lab/lab.ts";
import type { Lab, LabOptions } from "../../src/lab/lab.ts";
import { followServices } from "../../src/lab/rule-loader.ts";
import { eyesOf } from "../../src/lab/observe.ts";
import { NODES, addressOf } from "../../src/lab/plan.ts";
import type { NodeName, RouterName } from "../../src/lab/plan.ts";
import { openDirectoryStore } from "../../src/manifests/directory-store.ts";
import { removeManifests, writeManifests } from "./lab-manifests.ts";
import type { Manifest } from "./lab-manifests.ts";
import { eventually } from "./wait.ts";

export interface TestLab extends Lab {
  readonly eyes: Eyes;
  /** Writes a file of manifests into the directory that is followed. */
  write(file: string, ...manifests: readonly Manifest[]): Promise<void>;
  remove(file: string): Promise<void>;
  /** Names of the next hops of a prefix in a router's kernel, sorted; empty: no route. */
  nextHops(router: RouterName, prefix: string): Promise<readonly string[]>;
  /** Waits until a prefix has exactly these next hops at a router (`[]`: until it is gone). */
  routed(router: RouterName, prefix: string, hops: readonly NodeName[]): Promise<void>;
  /** Waits until every node has a session with the router. */
  established(router: RouterName, from?: readonly NodeName[]): Promise<void>;
  /** What the named daemon wrote so far. */
  logOf(name: "controller" | NodeName): Promise<string>;
}

export interface TestLabOptions extends Partial<
  Pick<LabOptions, "routers" | "frr" | "backends" | "speakerFlags">
> {
  /** Content of the directory at the start, by file. */
  readonly manifests?: Readonly<Record<string, readonly Manifest[]>>;
  /** A directory to copy instead. */
  readonly manifestsFrom?: string;
}

/** Tests of a lab need root and Linux; elsewhere they say so. */
export const isRoot = (): boolean => process.getuid?.() === 0;

let labs = 0;
let built: Promise<readonly string[]> | null = null;

/** The words that run the bundle, built when it is not current. */
export const ferrolb = (): Promise<readonly string[]> =>
  (built ??= execa("scripts/setup", ["lab"]).then(() => [
    process.execPath,
    resolve("bin/ferrolb"),
  ]));

export async function startTestLab(options: TestLabOptions = {}): Promise<TestLab> {
  const prefix = `ferrolb-${process.pid}-lab${++labs}`;
  const dir = await mkdtemp(join(tmpdir(), `${prefix}-`));
  const manifests = join(dir, "manifests");
  if (options.manifestsFrom === undefined) await mkdir(manifests);
  else await cp(options.manifestsFrom, manifests, { recursive: true });
  for (const [file, content] of Object.entries(options.manifests ?? {}))
    await writeManifests(manifests, file, ...content);
  const { manifests: _, manifestsFrom: __, ...rest } = options;
  const lab = await startLab({ prefix, dir, manifests, ferrolb: await ferrolb(), ...rest });
  const eyes = await eyesOf(lab);
  const store = openDirectoryStore({
    dir: manifests,
    namespace: "metallb-system",
    stateDir: null,
    instance: "lab",
    writesStatus: false,
  });
  const stopRules =
    options.backends === false
      ? null
      : followServices(store, lab.places, dir, (error) => console.error(error));
  const nextHops: TestLab["nextHops"] = async (router, prefix) =>
    ((await eyes.routes(router)).get(prefix) ?? []).map(eyes.nameOf).sort();
  const logOf: TestLab["logOf"] = (name) =>
    readFile(name === "controller" ? lab.controller.log : lab.nodes[name].speaker.log, "utf8");
  return {
    ...lab,
    eyes,
    write: (file, ...content) => writeManifests(manifests, file, ...content),
    remove: (file) => removeManifests(manifests, file),
    nextHops,
    async routed(router, prefix, hops) {
      let seen: readonly string[] = [];
      await eventually(
        `${prefix} at ${router} via ${hops.join(" ") || "nobody"}`,
        async () => {
          seen = await nextHops(router, prefix);
          return seen.join() === hops.join();
        },
        LIMIT_MS,
        100,
      ).catch((cause: unknown) => {
        throw new Error(`${prefix} at ${router} is via ${seen.join(" ") || "nobody"}`, { cause });
      });
    },
    async established(router, from = NODES) {
      await eventually(
        `sessions of ${router}`,
        async () => {
          const sessions = await eyes.sessions(router);
          return from.every((n) => sessions.get(addressOf(n, "lan"))?.state === "Established");
        },
        LIMIT_MS,
        100,
      );
    },
    logOf,
    async stop() {
      await stopRules?.();
      await store.close();
      await lab.stop();
    },
  };
}

/** Generous: a busy machine is no failure. */
export const LIMIT_MS = 60_000;
