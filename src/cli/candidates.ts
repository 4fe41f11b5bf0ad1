/** What may stand at the end of a command line: subcommands, flags, their values, or names of objects. */
import type { Command, Option } from "commander";
import type { Snapshot } from "../api/snapshot.ts";
import { keyOf } from "../api/objects.ts";

export type Candidates =
  | { readonly kind: "words"; readonly words: readonly string[] }
  | { readonly kind: "files" }
  /** Names of objects, of which the flags given so far say where they are. */
  | { readonly kind: "names"; readonly of: NameKind; readonly flags: SourceWords };

export type NameKind = "service" | "pool" | "peer" | "node" | "address";

export interface SourceWords {
  readonly filename: readonly string[];
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace?: string;
}

const FILE_FLAGS = /^--(filename|kubeconfig|running|from|against|request|frr-config|manifests)$/;
const NODE_FLAGS = /^--node$/;
const NAMED: Readonly<Record<string, NameKind>> = {
  service: "service",
  pool: "pool",
  peer: "peer",
  node: "node",
  address: "address",
};

const words = (list: readonly string[]): Candidates => ({ kind: "words", words: list });

/**
 * @param program with the one command registered that is named
 * @param before the words in front of the one that is completed
 * @param current what is there of it; everything but files is cut down to what begins so
 */
export function candidatesFor(
  program: Command,
  before: readonly string[],
  current: string,
): Candidates {
  let command = program;
  let awaiting: Option | null = null;
  let positional = false;
  const source = { filename: [] as string[] };
  const flags: Record<string, string> = {};
  const take = (option: Option, value: string): void => {
    const name = option.attributeName();
    if (name === "filename") source.filename.push(value);
    else flags[name] = value;
  };
  for (const word of before) {
    if (awaiting !== null) {
      take(awaiting, word);
      awaiting = null;
    } else if (word.startsWith("-")) {
      const [flag = "", value] = word.split("=");
      const option = optionOf(command, flag);
      if (option === null || !takesValue(option)) continue;
      if (value === undefined) awaiting = option;
      else take(option, value);
    } else {
      const sub = command.commands.find((c) => c.name() === word);
      if (sub === undefined) positional = true;
      else command = sub;
    }
  }
  const where: SourceWords = { ...flags, ...source };
  if (awaiting !== null) return valuesOf(awaiting, current, where);
  if (current.startsWith("-")) return words(flagsOf(command).filter(startsWith(current)));
  const subs = command.commands.map((c) => c.name()).filter((n) => !n.startsWith("_"));
  if (subs.length > 0) return words(subs.filter(startsWith(current)).sort());
  const of = NAMED[command.name()];
  if (of !== undefined && !positional && command.parent?.name() === "explain")
    return { kind: "names", of, flags: where };
  return words([]);
}

const startsWith =
  (current: string) =>
  (word: string): boolean =>
    word.startsWith(current);

const takesValue = (option: Option): boolean => option.required || option.optional;

const optionOf = (command: Command, flag: string): Option | null =>
  command.options.find((o) => o.long === flag || o.short === flag) ?? null;

const flagsOf = (command: Command): readonly string[] =>
  [
    ...command.options.flatMap((o) => (o.hidden || o.long === undefined ? [] : [o.long])),
    "--help",
  ].sort();

function valuesOf(option: Option, current: string, flags: SourceWords): Candidates {
  const { long, argChoices } = option;
  if (argChoices !== undefined) return words(argChoices.filter(startsWith(current)));
  if (FILE_FLAGS.test(long ?? "")) return { kind: "files" };
  if (NODE_FLAGS.test(long ?? "")) return { kind: "names", of: "node", flags };
  return words([]);
}

/** Names as the command takes them, sorted. */
export function namesOf(snapshot: Snapshot, of: NameKind): readonly string[] {
  const plain = (list: readonly { readonly metadata: { readonly name: string } }[]) =>
    list.map((o) => o.metadata.name);
  const found: Readonly<Record<NameKind, () => readonly string[]>> = {
    service: () => snapshot.services.filter((s) => s.spec?.type === "LoadBalancer").map(keyOf),
    pool: () => plain(snapshot.pools),
    peer: () => plain(snapshot.bgpPeers),
    node: () => plain(snapshot.nodes),
    address: () =>
      snapshot.services.flatMap((s) =>
        (s.status?.loadBalancer?.ingress ?? []).flatMap((i) => (i.ip === undefined ? [] : [i.ip])),
      ),
  };
  // A name is DNS-1123 or an address: anything else must not reach a shell.
  return [...new Set(found[of]())].filter((name) => /^[A-Za-z0-9.:/-]+$/.test(name)).sort();
}
