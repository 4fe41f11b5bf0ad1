import { X509Certificate } from "node:crypto";
import { expect } from "chai";
import { certificateNeed } from "../../src/webhook/certificate-need.ts";
import type { CertificateData } from "../../src/webhook/certificate-need.ts";
import { renewedCertificates } from "../../src/webhook/certificates.ts";
import { settleCertificates, startRotation } from "../../src/webhook/rotation.ts";
import type { CertificatePorts } from "../../src/webhook/rotation.ts";
import { manualClock } from "../support/manual-clock.ts";
import { eventually } from "../support/wait.ts";

const NAME = "metallb-webhook-service.metallb-system.svc";
const START = new Date("2026-01-01T00:00:00Z");
const DAY_MS = 24 * 60 * 60 * 1000;
const after = (days: number) => new Date(START.getTime() + days * DAY_MS);

describe("certificates of the webhook server", function () {
  this.timeout(120_000); // RSA keys on a busy machine
  let fresh: CertificateData;
  let other: CertificateData;
  before(async () => {
    fresh = (await renewedCertificates({}, NAME, START)).data;
    other = (await renewedCertificates({}, NAME, START)).data;
  });

  it("are backdated by an hour; the CA lasts ten years, the server certificate one", () => {
    const span = (pem: string) => {
      const { validFrom, validTo } = new X509Certificate(pem);
      return [validFrom, validTo].map((t) => new Date(t).toISOString());
    };
    expect(span(fresh["ca.crt"])).to.deep.equal([
      "2025-12-31T23:00:00.000Z",
      "2035-12-30T00:00:00.000Z",
    ]);
    expect(span(fresh["tls.crt"])).to.deep.equal([
      "2025-12-31T23:00:00.000Z",
      "2027-01-01T00:00:00.000Z",
    ]);
  });

  it("carry the names MetalLB's do, and keys it can read", () => {
    expect(new X509Certificate(fresh["ca.crt"]).subject.split("\n").sort()).to.deep.equal([
      "CN=cert",
      "O=metallb",
    ]);
    expect(new X509Certificate(fresh["tls.crt"]).subjectAltName).to.equal(`DNS:${NAME}`);
    for (const key of ["ca.key", "tls.key"] as const)
      expect(fresh[key]).to.match(/^-----BEGIN RSA PRIVATE KEY-----\n/);
  });

  const cases: [given: string, data: () => Partial<CertificateData>, days: number, need: string][] =
    [
      ["an empty Secret", () => ({}), 0, "all"],
      ["fresh ones", () => fresh, 0, "nothing"],
      ["before the hour of backdating", () => fresh, -1, "all"],
      ["91 days before the server certificate ends", () => fresh, 365 - 91, "nothing"],
      ["90 days before the server certificate ends", () => fresh, 365 - 90, "server"],
      ["the server certificate has ended", () => fresh, 400, "server"],
      ["90 days before the CA ends", () => fresh, 3650 - 90, "all"],
      ["text that is no PEM", () => ({ ...fresh, "tls.crt": "x" }), 0, "server"],
      ["a CA that is no PEM", () => ({ ...fresh, "ca.crt": "x" }), 0, "all"],
      ["no CA key", () => ({ ...fresh, "ca.key": "" }), 0, "all"],
      [
        "a key of another certificate",
        () => ({ ...fresh, "tls.key": other["tls.key"] }),
        0,
        "server",
      ],
      [
        "a server certificate of another CA",
        () => ({ ...fresh, "ca.crt": other["ca.crt"], "ca.key": other["ca.key"] }),
        0,
        "server",
      ],
      [
        "a server certificate in the place of the CA",
        () => ({ ...fresh, "ca.crt": fresh["tls.crt"], "ca.key": fresh["tls.key"] }),
        0,
        "all",
      ],
    ];
  for (const [given, data, days, need] of cases)
    it(`${given} -> ${need}`, () =>
      expect(certificateNeed(data(), NAME, after(days))).to.equal(need));
  it("another name -> server", () =>
    expect(certificateNeed(fresh, "other.metallb-system.svc", START)).to.equal("server"));

  it("a renewed server certificate keeps its CA", async () => {
    const { need, data } = await renewedCertificates(fresh, NAME, after(300));
    expect(need).to.equal("server");
    expect(data["ca.crt"]).to.equal(fresh["ca.crt"]);
    expect(certificateNeed(data, NAME, after(300))).to.equal("nothing");
  });

  /** A Secret in memory; `rivals` others write first, each once. */
  function memory(rivals: readonly CertificateData[], initial: Partial<CertificateData> = {}) {
    let data = initial;
    let version = 0;
    const trusted: string[] = [];
    const waiting = [...rivals];
    const ports: CertificatePorts = {
      read: () => Promise.resolve({ data, version: String(version) }),
      write(next, seen) {
        const rival = waiting.shift();
        if (rival !== undefined) [data, version] = [rival, version + 1];
        if (seen !== String(version)) return Promise.resolve(false);
        [data, version] = [next, version + 1];
        return Promise.resolve(true);
      },
      trust: (ca) => Promise.resolve(void trusted.push(ca)),
    };
    return { ports, trusted, writes: () => version };
  }

  it("a second pass changes nothing", async () => {
    const { ports, trusted, writes } = memory([]);
    const first = await settleCertificates(ports, NAME, START);
    expect(await settleCertificates(ports, NAME, START)).to.deep.equal(first);
    expect(writes()).to.equal(1);
    expect(trusted).to.deep.equal([first["ca.crt"], first["ca.crt"]]);
  });

  it("of two controllers, the quicker one's certificates count", async () => {
    const { ports } = memory([other]);
    expect(await settleCertificates(ports, NAME, START)).to.deep.equal(other);
  });

  it("renews in time without a restart, and tries again after a failure", async () => {
    const { ports } = memory([], fresh);
    const clock = manualClock(after(274).getTime()); // 91 days ahead: nothing to renew yet
    const stop = new AbortController();
    const used: string[] = [];
    const errors: unknown[] = [];
    let broken = false;
    const read = () => (broken ? Promise.reject(new Error("away")) : ports.read());
    const { stopped } = await startRotation(
      { ...ports, read },
      NAME,
      (d) => used.push(d["tls.crt"]),
      (e) => errors.push(e),
      clock,
      stop.signal,
    );
    expect(used).to.deep.equal([fresh["tls.crt"]]);
    broken = true;
    await clock.advance(DAY_MS);
    await eventually("a failed pass", () => errors.length > 0);
    broken = false;
    await clock.advance(60_000);
    await eventually("a renewed certificate", () => new Set(used).size === 2);
    stop.abort();
    await stopped;
  });
});
