/** helm and kustomize, and what they make of this repository, as plain objects. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { parseAllDocuments, stringify } from "yaml";

export interface DeployTools {
  readonly helm: string;
  readonly kustomize: string;
}

/** Built on the first call (a minute or two); null where they cannot be had. */
export async function deployTools(): Promise<DeployTools | null> {
  const script = join(import.meta.dirname, "../../scripts/deploy-tools");
  const { exitCode, stdout, stderr } = await execa(script, { reject: false });
  if (exitCode === 0) return { helm: join(stdout, "helm"), kustomize: join(stdout, "kustomize") };
  if (process.env["CI"] === "true") throw new Error(stderr); // a skip is a failure there
  return null;
}

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}
/** By `Kind namespace/name`. */
export type Manifests = ReadonlyMap<string, Manifest>;

export const manifestsIn = (text: string): Manifests =>
  new Map(
    parseAllDocuments(text)
      .map((document) => document.toJS() as Manifest | null)
      .filter((object) => object !== null)
      .map((object) => [
        `${object.kind} ${object.metadata.namespace ?? ""}/${object.metadata.name}`,
        object,
      ]),
  );

export const CHART = "deploy/helm/ferrolb";
export const OVERLAYS = "deploy/kustomize/overlays";

export async function kustomized(tools: DeployTools, directory: string): Promise<Manifests> {
  return manifestsIn((await execa(tools.kustomize, ["build", directory])).stdout);
}

/** Exit code and output of helm; its caches are in a directory that goes at once. */
export async function helm(tools: DeployTools, args: readonly string[], values?: unknown) {
  const home = await mkdtemp(join(tmpdir(), `ferrolb-${process.pid}-helm-`));
  try {
    const file = join(home, "values.yaml");
    await writeFile(file, stringify(values ?? {}));
    const env = {
      HELM_CACHE_HOME: join(home, "cache"),
      HELM_CONFIG_HOME: join(home, "config"),
      HELM_DATA_HOME: join(home, "data"),
    };
    return await execa(tools.helm, [...args, ...(values === undefined ? [] : ["-f", file])], {
      reject: false,
      env,
    });
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** What the chart renders. @throws Error with helm's words where it refuses. */
export async function templated(
  tools: DeployTools,
  values: unknown = {},
  namespace = "metallb-system",
): Promise<Manifests> {
  const args = ["template", "metallb", CHART, "-n", namespace];
  const { exitCode, stdout, stderr } = await helm(tools, args, values);
  if (exitCode !== 0) throw new Error(stderr);
  return manifestsIn(stdout);
}
