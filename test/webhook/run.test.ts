import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { once } from "node:events";
import { X509Certificate } from "node:crypto";
import { expect } from "chai";
import type { CertificateData } from "../../src/webhook/certificate-need.ts";
import { renewedCertificates } from "../../src/webhook/certificates.ts";
import { runWebhooks } from "../../src/webhook/run.ts";
import type { CertificateSource } from "../../src/webhook/run.ts";
import { flush, manualClock } from "../support/manual-clock.ts";
import { eventually } from "../support/wait.ts";

const NAME = "metallb-webhook-service.metallb-system.svc";
const LISTEN = { host: "127.0.0.1", port: 0, minVersion: "TLSv1.3", http2: false } as const;

/** Serial number of the certificate that is served now. */
async function servedOn(port: number): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false, servername: NAME });
  await once(socket, "secureConnect");
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}
const serialOf = (data: CertificateData): string =>
  new X509Certificate(data["tls.crt"]).serialNumber;

describe("running the webhooks", function () {
  this.timeout(120_000);
  let dir: string;
  let first: CertificateData;
  let second: CertificateData;
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), `ferrolb-${process.pid}-certs-`));
    [first, second] = (await Promise.all(
      [1, 2].map(async () => (await renewedCertificates({}, NAME, new Date())).data),
    )) as [CertificateData, CertificateData];
  });
  after(() => rm(dir, { recursive: true, force: true }));

  const start = async (certificates: CertificateSource) => {
    const clock = manualClock(Date.now());
    const stop = new AbortController();
    const errors: unknown[] = [];
    let port = 0;
    const running = runWebhooks(
      LISTEN,
      {
        certificates,
        admit: () => Promise.resolve({}),
        onError: (error) => errors.push(error),
        onListening: (p) => (port = p),
        clock,
      },
      stop.signal,
    );
    await Promise.race([running, eventually("listening", () => port !== 0)]);
    return { clock, errors, port: () => port, end: () => (stop.abort(), running) };
  };
  const store = async ({ "tls.crt": crt, "tls.key": key }: CertificateData) => {
    await writeFile(join(dir, "tls.crt"), crt);
    await writeFile(join(dir, "tls.key"), key);
  };

  it("takes mounted files, follows their change, survives half of one", async () => {
    await store(first);
    const run = await start({ kind: "files", directory: dir });
    expect(await servedOn(run.port())).to.equal(serialOf(first));

    await writeFile(join(dir, "tls.crt"), second["tls.crt"]); // the key is still the first's
    await eventually("the misfit is reported", async () => {
      await run.clock.advance(10_000);
      await flush();
      return run.errors.length > 0;
    });
    expect(await servedOn(run.port())).to.equal(serialOf(first));

    await store(second);
    await eventually("the new certificate is served", async () => {
      await run.clock.advance(10_000);
      return (await servedOn(run.port())) === serialOf(second);
    });
    await run.end();
  });

  it("ends at once when told to", async () => {
    const run = await start({
      kind: "rotated",
      dnsName: NAME,
      ports: {
        read: () => Promise.resolve({ data: first, version: "1" }),
        write: () => Promise.resolve(true),
        trust: () => Promise.resolve(),
      },
    });
    expect(await servedOn(run.port())).to.equal(serialOf(first));
    await run.end();
    const socket = connect({ host: "127.0.0.1", port: run.port() });
    const [error] = (await once(socket, "error")) as [NodeJS.ErrnoException];
    expect(error.code).to.equal("ECONNREFUSED");
  });

  it("does not start without files", async () => {
    const failed: unknown = await start({ kind: "files", directory: join(dir, "none") }).then(
      () => null,
      (error: unknown) => error,
    );
    expect(failed).to.have.property("code", "ERR_BAD_CERTIFICATE");
  });
});
