/** TCP MD5 passwords, from the field or a Secret: rules V76 to V79. Messages never repeat a password. */
import { hasError, findingsOn, quoted } from "./findings.ts";
import type { Findings } from "./findings.ts";
import { fieldsOf, textAt, valueAt } from "./read.ts";
import type { Version } from "./settle.ts";

/** A Secret, reduced to what a peer may ask. */
export interface SecretView {
  readonly type: string;
  /** Value of key `password`; undefined without that key. */
  readonly password: string | undefined;
}

const BASIC_AUTH = "kubernetes.io/basic-auth";
/** Linux, TCP_MD5SIG_MAXKEYLEN. */
const LONGEST_BYTES = 80;

const decoded = (base64: string): string => Buffer.from(base64, "base64").toString("utf8");

export function secretViewOf(raw: unknown): SecretView {
  const secret = fieldsOf(raw);
  const [plain, encoded] = [
    textAt(fieldsOf(valueAt(secret, "stringData")), "password"),
    textAt(fieldsOf(valueAt(secret, "data")), "password"),
  ];
  return {
    type: textAt(secret, "type") ?? "Opaque",
    password: plain ?? (encoded === undefined ? undefined : decoded(encoded)),
  };
}

/** FRR takes the rest of the line: white space is squeezed and a control character ends the line. */
function checkText(password: string, path: string, found: Findings): void {
  if (!/^[!-~]*$/.test(password))
    found.error(
      "F8",
      "unsafePassword",
      path,
      "only printable ASCII without spaces can be a password here: choose another",
    );
  if (Buffer.byteLength(password) > LONGEST_BYTES)
    found.error(
      "F9",
      "passwordTooLong",
      path,
      `TCP MD5 takes at most ${LONGEST_BYTES} bytes: choose a shorter one`,
    );
}

/** `echo secret | base64` leaves a line feed at the end, which MetalLB's file ignores too. */
const withoutLineEnd = (text: string): string => text.replace(/\r?\n$/, "");

function fromSecret(
  name: string,
  secrets: ReadonlyMap<string, SecretView>,
  found: Findings,
): string | null {
  const path = "spec.passwordSecret.name";
  const secret = secrets.get(name);
  if (secret === undefined) {
    found.error(
      "V77",
      "unknownSecret",
      path,
      `there is no Secret ${quoted(name)} in the namespace of this peer: create it there`,
    );
    return null;
  }
  if (secret.type !== BASIC_AUTH)
    found.error(
      "V78",
      "secretType",
      path,
      `Secret ${quoted(name)} is of type ${quoted(secret.type)}: create it with type ${BASIC_AUTH}`,
    );
  if (secret.password === undefined) {
    found.error("V79", "secretKey", path, `Secret ${quoted(name)} has no key "password": add it`);
    return null;
  }
  const password = withoutLineEnd(secret.password);
  if (password !== secret.password)
    found.warn("F8", "lineEndInPassword", path, "the line end after the password is left out");
  checkText(password, path, found);
  return password === "" ? null : password;
}

interface Found {
  readonly password: string | null;
  readonly findings: Findings;
}

function current({ source }: Version, secrets: ReadonlyMap<string, SecretView>): Found {
  const found = findingsOn(source.ref);
  const password = textAt(source.spec, "password") ?? "";
  const reference = fieldsOf(valueAt(source.spec, "passwordSecret"));
  const name = textAt(reference, "name") ?? "";
  if (password !== "" && name !== "")
    found.error(
      "V76",
      "twoPasswords",
      "spec.passwordSecret",
      "password and passwordSecret are both set: keep only one of them",
    );
  checkText(password, "spec.password", found);
  if (name === "") return { password: password === "" ? null : password, findings: found };
  const namespace = textAt(reference, "namespace") ?? "";
  if (namespace !== "" && namespace !== source.ref.namespace)
    found.warn(
      "V77",
      "secretNamespace",
      "spec.passwordSecret.namespace",
      `is not used: the Secret is read in ${quoted(source.ref.namespace)}`,
    );
  return { password: fromSecret(name, secrets, found), findings: found };
}

/**
 * The password a version acts with. A last accepted version has lost its own text on the way to disk, and
 * its Secret may be gone: then what the peer acted with before is used, as far as this process knows it.
 */
export function passwordOf(
  version: Version,
  secrets: ReadonlyMap<string, SecretView>,
  known: ReadonlyMap<string, string>,
  found: Findings,
): string | null {
  const { past, source } = version;
  const remembered = known.get(source.name);
  if (past?.ownPassword === true && remembered !== undefined) return remembered;
  const { password, findings } = current(version, secrets);
  if (past !== null && hasError(findings.problems) && remembered !== undefined) return remembered;
  if (past?.ownPassword === true && password === null)
    found.error(
      "V76",
      "passwordForgotten",
      "spec.password",
      "the password of the last accepted version is not known after a restart: mend the object",
    );
  found.problems.push(...findings.problems);
  return password;
}
