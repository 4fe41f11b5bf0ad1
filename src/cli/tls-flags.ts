/** The TLS flags that MetalLB's programs share, in the words Node's TLS understands. */
import type { SecureVersion } from "node:tls";
import { AppError } from "../errors.ts";

export interface TlsFlags {
  /** `--tls-min-version`: empty, `VersionTLS12` or `VersionTLS13`. */
  readonly tlsMinVersion?: string;
  /** `--tls-cipher-suites`: IANA names joined by commas, for TLS 1.2. */
  readonly tlsCipherSuites?: string;
  /** `--tls-curve-preferences`: numeric ids joined by commas (IANA, TLS Supported Groups). */
  readonly tlsCurvePreferences?: string;
}

export interface TlsSettings {
  readonly minVersion: SecureVersion;
  readonly ciphers?: string;
  readonly ecdhCurve?: string;
}

const VERSIONS: ReadonlyMap<string, SecureVersion> = new Map([
  ["", "TLSv1.3"],
  ["VersionTLS13", "TLSv1.3"],
  ["VersionTLS12", "TLSv1.2"],
]);

/** Suites of TLS 1.2 that are still good: IANA name to OpenSSL name. */
const SUITES: ReadonlyMap<string, string> = new Map([
  ["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"],
  ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"],
  ["TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"],
  ["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"],
  ["TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"],
  ["TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305"],
  ["TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE-ECDSA-AES128-SHA"],
  ["TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA-AES128-SHA"],
  ["TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ECDHE-ECDSA-AES256-SHA"],
  ["TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE-RSA-AES256-SHA"],
]);

const CURVES: ReadonlyMap<string, string> = new Map([
  ["23", "prime256v1"],
  ["24", "secp384r1"],
  ["25", "secp521r1"],
  ["29", "X25519"],
]);

const usage = (flag: string, why: string): AppError => new AppError("ERR_USAGE", `${flag}: ${why}`);

/** Each name of a comma list by the table; null for an empty list. */
function translated(
  flag: string,
  list: string | undefined,
  table: ReadonlyMap<string, string>,
): string | null {
  if (list === undefined || list === "") return null;
  const names = list.split(",").map((name) => name.trim());
  if (new Set(names).size < names.length) throw usage(flag, "names one twice");
  const found = names.map((name) => {
    const word = table.get(name);
    if (word === undefined)
      throw usage(flag, `${JSON.stringify(name)} is not one of ${[...table.keys()].join(", ")}`);
    return word;
  });
  return found.join(":");
}

/** @throws AppError `ERR_USAGE` naming the flag. */
export function tlsSettings(flags: TlsFlags): TlsSettings {
  const minVersion = VERSIONS.get(flags.tlsMinVersion ?? "");
  if (minVersion === undefined)
    throw usage("--tls-min-version", "is VersionTLS12, VersionTLS13 or empty");
  const ciphers = translated("--tls-cipher-suites", flags.tlsCipherSuites, SUITES);
  if (ciphers !== null && minVersion === "TLSv1.3")
    throw usage("--tls-cipher-suites", "is for TLS 1.2: TLS 1.3 has no choice of suites here");
  const curves = translated("--tls-curve-preferences", flags.tlsCurvePreferences, CURVES);
  return {
    minVersion,
    ...(ciphers !== null && { ciphers }),
    ...(curves !== null && { ecdhCurve: curves }),
  };
}
