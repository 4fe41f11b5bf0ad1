/** `-f`: files and directories of manifests (and `-`, standard input), read once, as one snapshot. */
import { readFile, stat } from "node:fs/promises";
import { text as textOf } from "node:stream/consumers";
import type { Command } from "commander";
import { AppError } from "../errors.ts";
import { refOf, refText } from "../api/objects.ts";
import type { KubeObject } from "../api/objects.ts";
import { gather } from "../api/observed.ts";
import type { Observed, RecordedEvent } from "../api/observed.ts";
import type { Problem } from "../api/problem.ts";
import type { Snapshot } from "../api/snapshot.ts";
import { assemble } from "../manifests/assemble.ts";
import type { Placed } from "../manifests/assemble.ts";
import { chunksOf, parseChunk } from "../manifests/documents.ts";
import type { BadDocument } from "../manifests/documents.ts";
import { manifestsIn } from "../manifests/files.ts";
import { eventFrom, observedFrom, readObservedDir } from "../manifests/observed.ts";
import { readStatusDir, statusKey, withStatus } from "../manifests/status-files.ts";
import type { StatusFile } from "../manifests/status-files.ts";

export const DEFAULT_NAMESPACE = "metallb-system";

export interface Input {
  readonly snapshot: Snapshot;
  /** Status objects and events of a dump, and of a directory's `.status/`. */
  readonly observed: Observed;
  /** Documents that could not come in (errors) and duplicates (warnings). */
  readonly problems: readonly Problem[];
  /** Objects of the kinds that were wanted beside those of the snapshot, as they were read. */
  readonly others: readonly unknown[];
}

/** The flags that name the input. */
export interface InputFlags {
  readonly filename: readonly string[];
  readonly namespace: string;
}

/** For an option that may be repeated. */
export const collect = (value: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  value,
];

/** Adds `-f` (repeatable, required) and `--namespace` to a command. */
export const addInputOptions = (command: Command): Command =>
  command
    .requiredOption(
      "-f, --filename <path>",
      "file or directory of manifests, - for standard input; may be repeated",
      collect,
      [],
    )
    .option("--namespace <name>", "namespace of the configuration", namespaceFromEnvironment());

export const namespaceFromEnvironment = (): string =>
  process.env["METALLB_NAMESPACE"] ?? DEFAULT_NAMESPACE;

/**
 * Reads everything that `-f` names. Kinds that nobody here reads are noted once on stderr, but for those `wanted`.
 * @throws AppError `ERR_USAGE` without a path, `ERR_UNREADABLE_INPUT` naming file and line of what is no YAML
 */
export async function readInput(
  { filename, namespace }: InputFlags,
  wanted: readonly string[] = [],
): Promise<Input> {
  if (filename.length === 0) throw new AppError("ERR_USAGE", "name the manifests with -f PATH");
  const placed: Placed[] = [];
  const problems: Problem[] = [];
  const broken: string[] = [];
  const ignored = new Set<string>();
  const others: unknown[] = [];
  const seen = new Map<string, KubeObject>();
  const events: RecordedEvent[] = [];
  const see = (objects: readonly (KubeObject | null)[]): void => {
    for (const o of objects) if (o !== null) seen.set(refText(refOf(o)), o);
  };
  for (const dir of await directoriesIn(filename)) {
    const left = await readObservedDir(dir, namespace);
    see(left.objects);
    events.push(...left.events);
  }
  for (const { path, statuses } of await sourcesOf(filename)) {
    for (const chunk of chunksOf(await readText(path))) {
      const content = parseChunk(chunk.text, namespace, (value) => others.push(value));
      const at = (line: number) => chunk.line + line - 1;
      for (const { object, line } of content.found) {
        const status = statuses.get(statusKey(object));
        placed.push({ object: withStatus(object, status), file: path, line: at(line) });
      }
      for (const bad of content.bad)
        if (bad.parsed) problems.push(problemOf(bad, path, at(bad.line)));
        else broken.push(`${path}:${at(bad.line)}: ${bad.message}`);
      for (const what of content.ignored)
        if (!wanted.some((kind) => what.startsWith(`${kind} (`))) ignored.add(what);
      see(content.observations.map(observedFrom));
      events.push(...content.observations.map(eventFrom).filter((e) => e !== null));
    }
  }
  if (broken.length > 0) throw new AppError("ERR_UNREADABLE_INPUT", broken.join("\n"));
  if (ignored.size > 0)
    process.stderr.write(`note: ignored kinds: ${[...ignored].sort().join(", ")}\n`);
  const { snapshot, problems: duplicates } = assemble(placed, namespace);
  const observed = gather([...seen.values()], events);
  return { snapshot, observed, problems: [...problems, ...duplicates], others };
}

/** A document that is YAML but no object that may come in, in the words of `validate`. */
export const problemOf = (bad: BadDocument, file: string, line: number): Problem =>
  bad.problem !== undefined
    ? {
        ...bad.problem,
        object: bad.named ?? bad.problem.object,
        message: `${file}:${line}: ${bad.problem.message}`,
      }
    : {
        severity: "error",
        rule: "manifest",
        code: "badDocument",
        object: bad.named ?? { kind: "", namespace: "", name: "" },
        path: bad.path,
        message: `${file}:${line}: ${bad.path === "" ? "" : `${bad.path}: `}${bad.message}`,
      };

interface Source {
  readonly path: string;
  readonly statuses: ReadonlyMap<string, StatusFile>;
}

const isDirectory = async (path: string): Promise<boolean> =>
  path !== "-" && (await stat(path).catch(() => null))?.isDirectory() === true;

async function directoriesIn(paths: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const path of paths) if (await isDirectory(path)) found.push(path);
  return found;
}

/** Files in the order given; those of a directory sorted, with the directory's own status. */
async function sourcesOf(paths: readonly string[]): Promise<Source[]> {
  const sources: Source[] = [];
  for (const path of paths)
    try {
      if (path === "-" || !(await stat(path)).isDirectory())
        sources.push({ path, statuses: new Map() });
      else {
        const statuses = await readStatusDir(path);
        for (const file of await manifestsIn(path)) sources.push({ path: file, statuses });
      }
    } catch (cause) {
      throw unreadable(path, cause);
    }
  return sources;
}

const readText = async (path: string): Promise<string> => {
  try {
    return path === "-" ? await textOf(process.stdin) : await readFile(path, "utf8");
  } catch (cause) {
    throw unreadable(path, cause);
  }
};

const unreadable = (path: string, cause: unknown): AppError =>
  new AppError(
    "ERR_UNREADABLE_INPUT",
    `cannot read ${path}: ${cause instanceof Error ? cause.message : String(cause)}`,
    { cause },
  );
