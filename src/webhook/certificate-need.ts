/** Whether stored certificates still serve. Resource reference 5.3: keys, validity, time of renewal. */
import { X509Certificate, createPrivateKey } from "node:crypto";

/** Keys of the Secret, PEM each. */
export type CertificateData = Readonly<{
  "ca.crt": string;
  "ca.key": string;
  "tls.crt": string;
  "tls.key": string;
}>;

/** `all`: a new CA too, which everyone who trusts the old one must be told. */
export type CertificateNeed = "nothing" | "server" | "all";

const DAY_MS = 24 * 60 * 60 * 1000;
export const RENEW_AHEAD_MS = 90 * DAY_MS;

const lasts = (certificate: X509Certificate, now: Date): boolean =>
  Date.parse(certificate.validFrom) <= now.getTime() &&
  Date.parse(certificate.validTo) - RENEW_AHEAD_MS > now.getTime();

/** A certificate with its key; null when either is unreadable or they do not belong together. */
function pair(certificatePem: string, keyPem: string): X509Certificate | null {
  try {
    const certificate = new X509Certificate(certificatePem);
    return certificate.checkPrivateKey(createPrivateKey(keyPem)) ? certificate : null;
  } catch {
    return null;
  }
}

/**
 * What must be made anew. The data may be anything: another program wrote it, or nobody did.
 * @param dnsName the name that the API server calls.
 */
export function certificateNeed(
  data: Partial<CertificateData>,
  dnsName: string,
  now: Date,
): CertificateNeed {
  const ca = pair(data["ca.crt"] ?? "", data["ca.key"] ?? "");
  if (ca?.ca !== true || ca.publicKey.asymmetricKeyType !== "rsa" || !lasts(ca, now)) return "all";
  const server = pair(data["tls.crt"] ?? "", data["tls.key"] ?? "");
  const serves =
    server !== null &&
    lasts(server, now) &&
    server.checkHost(dnsName) !== undefined &&
    server.checkIssued(ca) &&
    server.verify(ca.publicKey);
  return serves ? "nothing" : "server";
}
