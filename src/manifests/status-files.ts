/**
 * The status subresource of a directory: one small JSON file per object under `.status/<Kind>/<namespace>/<name>.json`,
 * laid over the object when a snapshot is made. Pure, but for `readStatusDir`.
 */
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { parse } from "yaml";
import type { KubeObject, ObjectRef } from "../api/objects.ts";
import { refOf } from "../api/objects.ts";
import { stringifyExact } from "../api/exact-json.ts";
import { STATUS_DIR } from "./files.ts";

/** Which pool an address came from (MetalLB's annotation; part of the status write). */
export const FROM_POOL = "metallb.io/ip-allocated-from-pool";

/** Kinds whose status the controller writes. */
export const STATUS_KINDS = ["Service", "IPAddressPool"] as const;

export interface StatusFile {
  readonly annotations?: Readonly<Record<string, string>>;
  readonly status?: Readonly<Record<string, unknown>>;
}

const SCHEMAS = {
  Service: Type.Object({
    annotations: Type.Optional(Type.Record(Type.String(), Type.String())),
    status: Type.Optional(
      Type.Object({
        loadBalancer: Type.Optional(
          Type.Object({ ingress: Type.Optional(Type.Array(Type.Object({ ip: Type.String() }))) }),
        ),
      }),
    ),
  }),
  IPAddressPool: Type.Object({ status: Type.Optional(Type.Record(Type.String(), Type.Unknown())) }),
};

/** `Service default/web` to its place below the directory of manifests; names are checked where they come in. */
export const statusPath = (ref: ObjectRef): string =>
  join(STATUS_DIR, ref.kind, ref.namespace, `${ref.name}.json`);

/** The object a path below `.status` (`Service/default/web.json`) belongs to, or null. */
export function refOfStatusPath(path: string): ObjectRef | null {
  const [kind, namespace, file, ...rest] = path.split("/");
  if (kind === undefined || namespace === undefined || file === undefined || rest.length > 0)
    return null;
  if (!(STATUS_KINDS as readonly string[]).includes(kind) || !/^[^.].*\.json$/.test(file))
    return null;
  return { kind, namespace, name: file.slice(0, -".json".length) };
}

/** Counters beyond 2^53 keep every digit (design: exact integers). */
const exact = (value: bigint): number | bigint =>
  value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;

/** The content of a status file, or null for one that is being written, empty, or no status. */
export function parseStatus(kind: string, text: string): StatusFile | null {
  if (!text.trimEnd().endsWith("}")) return null;
  try {
    const value: unknown = parse(text, (_, v: unknown) => (typeof v === "bigint" ? exact(v) : v), {
      intAsBigInt: true,
    });
    const schema = kind === "Service" ? SCHEMAS.Service : SCHEMAS.IPAddressPool;
    return Value.Check(schema, value) ? value : null;
  } catch {
    return null;
  }
}

export const statusText = (file: StatusFile): string => `${stringifyExact(file)}\n`;

/** The object as a reader sees it: what the status file says replaces what the manifest says. */
export function withStatus(object: KubeObject, file: StatusFile | undefined): KubeObject {
  if (file === undefined) return object;
  const { annotations = {}, ...metadata } = object.metadata;
  const { [FROM_POOL]: pool, ...own } = annotations;
  return {
    ...object,
    metadata: { ...metadata, annotations: { ...own, ...file.annotations } },
    ...(file.status === undefined ? {} : { status: file.status }),
  };
}

/** Every status below a directory of manifests, by path below `.status`; nothing when there is none. */
export async function readStatusDir(dir: string): Promise<Map<string, StatusFile>> {
  const found = new Map<string, StatusFile>();
  const root = join(dir, STATUS_DIR);
  const paths = await readdir(root, { recursive: true }).catch(() => []);
  for (const path of paths.sort()) {
    const ref = refOfStatusPath(path);
    if (ref === null) continue;
    const text = await readFile(join(root, path), "utf8").catch(() => "");
    const status = parseStatus(ref.kind, text);
    if (status !== null) found.set(path, status);
  }
  return found;
}

/** The key of an object's status in what `readStatusDir` returns. */
export const statusKey = (object: KubeObject): string => {
  const { kind, namespace, name } = refOf(object);
  return `${kind}/${namespace}/${name}.json`;
};
