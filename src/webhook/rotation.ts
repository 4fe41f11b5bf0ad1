/** Keeps the webhook certificates fresh: in their Secret, in what the API server trusts, in the server. */
import type { Clock } from "../runtime/clock.ts";
import { sleep } from "../runtime/clock.ts";
import { AppError } from "../errors.ts";
import { renewedCertificates } from "./certificates.ts";
import type { CertificateData } from "./certificate-need.ts";

export interface StoredCertificates {
  readonly data: Partial<CertificateData>;
  /** Of the Secret when it was read; null: there was none. */
  readonly version: string | null;
}

/** The Secret and the two objects that hold the CA. */
export interface CertificatePorts {
  read(): Promise<StoredCertificates>;
  /** False when someone else wrote since `version`. */
  write(data: CertificateData, version: string | null): Promise<boolean>;
  /** PEM, into the webhook configuration and the CRD that converts. */
  trust(ca: string): Promise<void>;
}

const ATTEMPTS = 5;

/**
 * One pass: a second one changes nothing. Two controllers may run it at once; both end with the same Secret.
 * @throws AppError `ERR_ENVIRONMENT` when others keep writing the Secret, and what the ports throw.
 */
export async function settleCertificates(
  ports: CertificatePorts,
  dnsName: string,
  now: Date,
): Promise<CertificateData> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const stored = await ports.read();
    const { need, data } = await renewedCertificates(stored.data, dnsName, now);
    if (need !== "nothing" && !(await ports.write(data, stored.version))) continue;
    await ports.trust(data["ca.crt"]);
    return data;
  }
  throw new AppError("ERR_ENVIRONMENT", "the Secret of the webhook certificate never stands still");
}

const EVERY_MS = 12 * 60 * 60 * 1000;
const RETRY_MS = 60_000;

/**
 * Runs passes until aborted; the first has run when it returns.
 * @param use is given the certificates of every pass.
 * @param onError a later pass that failed; it is tried again in a minute.
 * @throws what the first pass throws.
 */
export async function startRotation(
  ports: CertificatePorts,
  dnsName: string,
  use: (data: CertificateData) => void,
  onError: (error: unknown) => void,
  clock: Clock,
  signal: AbortSignal,
): Promise<{ readonly stopped: Promise<void> }> {
  use(await settleCertificates(ports, dnsName, clock.date()));
  const run = async (): Promise<void> => {
    let wait = EVERY_MS;
    for (;;) {
      await sleep(clock, wait, signal);
      if (signal.aborted) return;
      try {
        use(await settleCertificates(ports, dnsName, clock.date()));
        wait = EVERY_MS;
      } catch (error) {
        onError(error);
        wait = RETRY_MS;
      }
    }
  };
  return { stopped: run() };
}
