/**
 * Makes the certificates of the webhook server: a CA of our own for 10 years, a server certificate for one,
 * both backdated by an hour for clocks that lag. RSA with PKCS#1 keys, which MetalLB's controller reads too,
 * so that one Secret serves either.
 */
import { createPrivateKey, generateKeyPair, webcrypto } from "node:crypto";
import { promisify } from "node:util";
import type { CertificateData, CertificateNeed } from "./certificate-need.ts";
import { certificateNeed } from "./certificate-need.ts";

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;
const CA_DAYS = 10 * 365;
const SERVER_DAYS = 365;
const ALGORITHM = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
const CA_NAME = "CN=cert, O=metallb";

/** Some megabytes that only a renewal needs. */
async function x509Library() {
  await import("reflect-metadata"); // before it: its dependency injection asks for it
  return import("@peculiar/x509");
}

interface Keys {
  readonly pem: string;
  readonly pair: webcrypto.CryptoKeyPair;
}

/** The key pair in the form the library signs with. */
async function importKeys(pem: string): Promise<Keys> {
  const key = createPrivateKey(pem);
  const { subtle } = webcrypto;
  const privateKey = await subtle.importKey(
    "pkcs8",
    key.export({ type: "pkcs8", format: "der" }),
    ALGORITHM,
    true,
    ["sign"],
  );
  const { n = "", e = "" } = key.export({ format: "jwk" });
  const publicKey = await subtle.importKey("jwk", { kty: "RSA", n, e }, ALGORITHM, true, [
    "verify",
  ]);
  return { pem, pair: { privateKey, publicKey } };
}

async function newKeys(): Promise<Keys> {
  const { privateKey } = await promisify(generateKeyPair)("rsa", { modulusLength: 2048 });
  return importKeys(privateKey.export({ type: "pkcs1", format: "pem" }).toString());
}

const validity = (now: Date, days: number) => ({
  notBefore: new Date(now.getTime() - HOUR_MS),
  notAfter: new Date(now.getTime() + days * DAY_MS),
});

async function newCa(now: Date): Promise<Pick<CertificateData, "ca.crt" | "ca.key">> {
  const x509 = await x509Library();
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: CA_NAME,
    keys: keys.pair,
    signingAlgorithm: ALGORITHM,
    ...validity(now, CA_DAYS),
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyCertSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.pair.publicKey),
    ],
  });
  return { "ca.crt": certificate.toString("pem"), "ca.key": keys.pem };
}

async function newServer(
  ca: Pick<CertificateData, "ca.crt" | "ca.key">,
  dnsName: string,
  now: Date,
): Promise<CertificateData> {
  const x509 = await x509Library();
  const issuer = new x509.X509Certificate(ca["ca.crt"]);
  const caKeys = await importKeys(ca["ca.key"]);
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.create({
    subject: [{ CN: [dnsName] }],
    issuer: issuer.subjectName,
    publicKey: keys.pair.publicKey,
    signingKey: caKeys.pair.privateKey,
    signingAlgorithm: ALGORITHM,
    ...validity(now, SERVER_DAYS),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment,
        true,
      ),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([{ type: "dns", value: dnsName }]),
      await x509.AuthorityKeyIdentifierExtension.create(caKeys.pair.publicKey),
    ],
  });
  return { ...ca, "tls.crt": certificate.toString("pem"), "tls.key": keys.pem };
}

/** The stored certificates, or what must take their place. */
export async function renewedCertificates(
  stored: Partial<CertificateData>,
  dnsName: string,
  now: Date,
): Promise<{ readonly need: CertificateNeed; readonly data: CertificateData }> {
  const need = certificateNeed(stored, dnsName, now);
  const { "ca.crt": crt, "ca.key": key } = stored;
  if (need === "nothing") return { need, data: stored as CertificateData }; // it was read and fits
  const ca =
    need === "server" && crt !== undefined && key !== undefined
      ? { "ca.crt": crt, "ca.key": key }
      : await newCa(now);
  return { need, data: await newServer(ca, dnsName, now) };
}
