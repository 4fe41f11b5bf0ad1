/**
 * A kubeconfig as kubectl writes it: the cluster and the user of one context. What authenticates by anything else
 * than files and words of the kubeconfig itself is told apart, not understood. Pure.
 */
import { isAbsolute, join } from "node:path";

/** PEM, in a file or, base64, in the kubeconfig itself. */
export type Pem = { readonly file: string } | { readonly data: string } | null;

export interface Plain {
  readonly kind: "plain";
  /** Without a slash at its end. */
  readonly server: string;
  readonly ca: Pem;
  readonly cert: Pem;
  readonly key: Pem;
  readonly token: { readonly file: string } | { readonly text: string } | null;
  /** `user:password` */
  readonly basic: string | null;
  readonly skipVerify: boolean;
  readonly serverName: string | null;
}

/** Programs, providers and proxies: the package knows them. */
export interface Other {
  readonly kind: "other";
  readonly server: string;
}

type Loose = Readonly<Record<string, unknown>>;
const loose = (value: unknown): Loose =>
  value !== null && typeof value === "object" ? (value as Loose) : {};
const entries = (value: unknown): readonly Loose[] =>
  Array.isArray(value) ? value.map(loose) : [];
const text = (value: unknown): string | null =>
  typeof value === "string" && value !== "" ? value : null;

/** One document of a kubeconfig, with the directory that its paths start from. */
export interface Source {
  readonly document: unknown;
  readonly dir: string;
}

const CLUSTER_KEYS = new Set([
  ...["server", "certificate-authority", "certificate-authority-data", "extensions"],
  ...["insecure-skip-tls-verify", "tls-server-name", "disable-compression"],
]);
const USER_KEYS = new Set([
  ...["token", "username", "password", "extensions"],
  ...["client-certificate", "client-certificate-data", "client-key", "client-key-data"],
]);

const onlyKnown = (found: Loose, known: ReadonlySet<string>): boolean =>
  Object.entries(found).every(([key, value]) => known.has(key) || (value ?? "") === "");

/** Of several documents the first that names something wins. */
function find(sources: readonly Source[], list: string, name: unknown) {
  for (const { document, dir } of sources)
    for (const entry of entries(loose(document)[list]))
      if (entry["name"] === name) return { entry, dir };
  return null;
}

/**
 * @param context the one named, or the current one of the first document
 * @returns "noContext" where the named one is missing, "noCluster" where it names none
 */
export function readKubeconfig(
  sources: readonly Source[],
  context?: string,
): Plain | Other | "noContext" | "noCluster" {
  const current = sources.map(({ document }) => text(loose(document)["current-context"]));
  const name = context ?? current.find((c) => c !== null) ?? null;
  const chosen = name === null ? null : find(sources, "contexts", name);
  if (chosen === null) return context === undefined ? "noCluster" : "noContext";
  const names = loose(chosen.entry["context"]);
  const of = find(sources, "clusters", names["cluster"]);
  const cluster = loose(of?.entry["cluster"]);
  const server = text(cluster["server"])?.replace(/\/$/, "");
  if (of === null || server === undefined) return "noCluster";
  const by = find(sources, "users", names["user"]);
  const user = loose(by?.entry["user"]);
  if (!onlyKnown(cluster, CLUSTER_KEYS) || !onlyKnown(user, USER_KEYS))
    return { kind: "other", server };
  const pem = (from: Loose, key: string, dir: string): Pem => {
    const [file, data] = [text(from[key]), text(from[`${key}-data`])];
    if (file !== null) return { file: isAbsolute(file) ? file : join(dir, file) };
    return data === null ? null : { data };
  };
  const [username, token] = [text(user["username"]), text(user["token"])];
  return {
    kind: "plain",
    server,
    ca: pem(cluster, "certificate-authority", of.dir),
    cert: pem(user, "client-certificate", by?.dir ?? ""),
    key: pem(user, "client-key", by?.dir ?? ""),
    token: token === null ? null : { text: token },
    basic: username === null ? null : `${username}:${text(user["password"]) ?? ""}`,
    skipVerify: cluster["insecure-skip-tls-verify"] === true,
    serverName: text(cluster["tls-server-name"]),
  };
}
