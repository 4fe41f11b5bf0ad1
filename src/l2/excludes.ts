/** Interfaces that never answer, by name: MetalLB's list (behaviour reference 3.3). */
import { parse } from "yaml";
import { AppError } from "../errors.ts";
import type { NameTest } from "./interfaces.ts";

/** The list of the shipped `metallb-excludel2` ConfigMap. */
export const SHIPPED_EXCLUDES: readonly string[] = (
  "^docker.* ^cbr.* ^dummy.* ^virbr.* ^lxcbr.* ^veth.* ^lo$ ^cali.* ^tunl.* ^flannel.* " +
  "^kube-ipvs.* ^cni.* ^nodelocaldns.* ^lxc.*"
).split(" ");

const bad = (why: string, cause?: unknown): AppError =>
  new AppError("ERR_UNREADABLE_INPUT", `list of excluded interfaces: ${why}`, { cause });

/**
 * `excludel2.yaml`: key `announcedInterfacesToExclude`, regular expressions of Go searched unanchored. An empty
 * file excludes nothing.
 * @throws AppError `ERR_UNREADABLE_INPUT`
 */
export async function parseExcludes(text: string): Promise<readonly NameTest[]> {
  let document: unknown;
  try {
    document = parse(text) ?? {};
  } catch (error) {
    throw bad("no YAML", error);
  }
  if (typeof document !== "object" || document === null || Array.isArray(document))
    throw bad("no mapping");
  const list: unknown =
    "announcedInterfacesToExclude" in document ? document.announcedInterfacesToExclude : [];
  if (!Array.isArray(list)) throw bad("announcedInterfacesToExclude is no list");
  return Promise.all(list.map((entry: unknown) => nameTest(entry)));
}

/** Literal text, anchors, a trailing `.*`: the same in every dialect, and all that the shipped list has. */
const PLAIN = /^\^?[A-Za-z0-9_-]+(?:\.\*)?\$?$/;

async function nameTest(entry: unknown): Promise<NameTest> {
  if (typeof entry !== "string") throw bad(`no text: ${JSON.stringify(entry)}`);
  if (PLAIN.test(entry)) return new RegExp(entry);
  // Go's expressions have flags and classes that ours read otherwise, and no expression keeps theirs busy for ever.
  const { RE2JS } = await import("re2js");
  try {
    const compiled = RE2JS.compile(entry);
    return { test: (name) => compiled.matcher(name).find() };
  } catch (error) {
    throw bad(`no regular expression: ${JSON.stringify(entry)}`, error);
  }
}
