/** Objects of a cluster as they may leave it: no value of a Secret, no password, no token. Pure. */
export const MASK = "<masked>";

type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const SECRET_KEY = /^(password|passwd|secret|secretkey|token|apikey|private[-_]?key|tls\.key)$/i;
const SECRET_ENV = /password|passwd|secret|token|api_?key|private_?key/i;
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";
/** Shorter values are masked where they stand, but not looked for elsewhere: they are parts of words. */
const SHORTEST = 4;

const decoded = (text: string): readonly string[] =>
  /^[A-Za-z0-9+/\s]+={0,2}$/.test(text) ? [Buffer.from(text, "base64").toString("utf8")] : [];

const secretText = (value: unknown): readonly string[] =>
  typeof value === "string"
    ? [value, value.trim(), ...decoded(value), ...decoded(value).map((d) => d.trim())]
    : [];

/** A line of FRR's configuration, as extra configuration in a ConfigMap has them. */
const FRR_SECRET =
  /^(\s*(?:.*\s)?(?:password|authentication-key|md5|key-string|encryption-key|secret)\s+(?:[078] )?)(\S.*)$/;

const frrSecrets = (value: unknown): readonly string[] =>
  typeof value === "string"
    ? value.split("\n").flatMap((line) => FRR_SECRET.exec(line)?.[2]?.trim() ?? [])
    : [];

const withoutFrrSecrets = (text: string): string =>
  text
    .split("\n")
    .map((line) => line.replace(FRR_SECRET, `$1${MASK}`))
    .join("\n");

/** Every secret value of the objects, as written and as decoded; the longest first. */
export function secretsIn(objects: readonly unknown[]): readonly string[] {
  const found = new Set<string>();
  const look = (value: unknown, inSecret: boolean): void => {
    if (Array.isArray(value)) {
      for (const item of value) look(item, inSecret);
      return;
    }
    if (!isFields(value)) {
      if (inSecret) for (const text of secretText(value)) found.add(text);
      return;
    }
    const secretKind = value["kind"] === "Secret";
    const env = typeof value["name"] === "string" && SECRET_ENV.test(value["name"]);
    for (const [key, inner] of Object.entries(value))
      look(
        inner,
        inSecret ||
          (secretKind && (key === "data" || key === "stringData")) ||
          (typeof inner === "string" && SECRET_KEY.test(key)) ||
          (env && key === "value"),
      );
  };
  for (const object of objects) {
    look(object, false);
    if (isFields(object) && object["kind"] === "ConfigMap" && isFields(object["data"]))
      for (const text of Object.values(object["data"]).flatMap(frrSecrets)) found.add(text);
  }
  return [...found].filter((s) => s.length >= SHORTEST).sort((a, b) => b.length - a.length);
}

/** The object with every such field masked, and without the copy that kubectl keeps. */
export function maskObject(value: unknown, inSecret = false): unknown {
  if (Array.isArray(value)) return value.map((item) => maskObject(item, inSecret));
  if (!isFields(value)) return inSecret && value !== null ? MASK : value;
  const secretKind = value["kind"] === "Secret";
  const env = typeof value["name"] === "string" && SECRET_ENV.test(value["name"]);
  if (value["kind"] === "ConfigMap" && isFields(value["data"])) {
    const { data, ...rest } = value;
    const entries = Object.entries(data).map(([k, v]) => [
      k,
      SECRET_KEY.test(k) ? MASK : typeof v === "string" ? withoutFrrSecrets(v) : v,
    ]);
    const masked: unknown = maskObject({ ...rest, kind: "" }, inSecret);
    return {
      ...(masked as Fields),
      kind: "ConfigMap",
      data: Object.fromEntries(entries) as Fields,
    };
  }
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]): [string, unknown][] => {
      if (key === LAST_APPLIED || key === "managedFields") return [];
      const secret =
        inSecret ||
        (secretKind && (key === "data" || key === "stringData")) ||
        (typeof inner === "string" && SECRET_KEY.test(key)) ||
        (env && key === "value");
      return [[key, maskObject(inner, secret)]];
    }),
  );
}

/** Text of any kind without the values, in whatever spelling JSON, YAML or base64 give them. */
export function maskValues(text: string, secrets: readonly string[]): string {
  let out = text;
  for (const secret of secrets)
    for (const spelled of new Set([
      secret,
      JSON.stringify(secret).slice(1, -1),
      Buffer.from(secret).toString("base64"),
      encodeURIComponent(secret),
    ]))
      out = out.replaceAll(spelled, MASK);
  return out;
}
