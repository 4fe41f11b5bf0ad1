/**
 * A certificate that signs itself (RFC 5280, ECDSA on P-256), for metrics that nobody gave one: scrapers are told not
 * to verify it. Written octet by octet, since a library for it takes more memory than a thousand Services.
 */
import { generateKeyPairSync, randomBytes, sign } from "node:crypto";

export interface SelfSigned {
  /** PEM both. */
  readonly cert: string;
  readonly key: string;
}

type Der = Uint8Array;

/** Tag, length, content (X.690, 8.1). */
function der(tag: number, ...parts: readonly Der[]): Der {
  const content = Buffer.concat(parts);
  const { length } = content;
  const bytes = [24, 16, 8, 0].map((shift) => (length >>> shift) & 255);
  const long = bytes.slice(bytes.findIndex((b) => b !== 0));
  return Buffer.concat([
    Uint8Array.from(length < 128 ? [tag, length] : [tag, 0x80 | long.length, ...long]),
    content,
  ]);
}

const sequence = (...parts: readonly Der[]): Der => der(0x30, ...parts);
const octets = (text: string): Der => Buffer.from(text, "hex");

const ECDSA_WITH_SHA256 = sequence(octets("06082a8648ce3d040302"));
const COMMON_NAME = octets("0603550403");
const SUBJECT_ALT_NAME = octets("0603551d11");
const EXTENDED_KEY_USAGE = octets("0603551d25");
const SERVER_AUTH = octets("06082b06010505070301");

const nameOf = (text: string): Der =>
  sequence(der(0x31, sequence(COMMON_NAME, der(0x0c, Buffer.from(text)))));

/** UTCTime: good until 2049. */
const timeOf = (date: Date): Der =>
  der(0x17, Buffer.from(`${date.toISOString().slice(2, 19).replace(/[-T:]/g, "")}Z`));

const extension = (id: Der, value: Der): Der => sequence(id, der(0x04, value));

/** RFC 5280 has 64 characters for a common name; the alternative name is the one that is looked at. */
const NAME_MOST = 64;

export function selfSigned(dnsName: string, from: Date, days: number): SelfSigned {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40; // positive, and without a zero in front
  const name = nameOf(dnsName.slice(0, NAME_MOST));
  const until = new Date(from.getTime() + days * 86_400_000);
  const toBeSigned = sequence(
    der(0xa0, der(0x02, Uint8Array.of(2))), // version 3
    der(0x02, serial),
    ECDSA_WITH_SHA256,
    name,
    sequence(timeOf(from), timeOf(until)),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    der(
      0xa3,
      sequence(
        extension(SUBJECT_ALT_NAME, sequence(der(0x82, Buffer.from(dnsName, "latin1")))),
        extension(EXTENDED_KEY_USAGE, sequence(SERVER_AUTH)),
      ),
    ),
  );
  const signature = sign("sha256", toBeSigned, privateKey);
  const whole = sequence(
    toBeSigned,
    ECDSA_WITH_SHA256,
    der(0x03, Uint8Array.of(0), signature), // no unused bits
  );
  const lines = Buffer.from(whole)
    .toString("base64")
    .replace(/.{64}(?=.)/g, "$&\n");
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}
