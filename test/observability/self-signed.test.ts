/** OpenSSL's word on the certificates that we write ourselves, and a client that trusts one. */
import { X509Certificate, createPrivateKey } from "node:crypto";
import { createServer, get } from "node:https";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { selfSigned } from "../../src/observability/self-signed.ts";

const FROM = new Date("2026-03-04T05:06:07Z");

describe("a certificate that signs itself", () => {
  it("is valid from then on, for its name, and signed with its own key", () => {
    for (const name of ["speaker.metallb-system.svc", `${"x".repeat(60)}.${"y".repeat(60)}.svc`]) {
      const { cert, key } = selfSigned(name, FROM, 365);
      const read = new X509Certificate(cert);
      expect(read.verify(read.publicKey)).to.equal(true);
      expect(read.checkPrivateKey(createPrivateKey(key))).to.equal(true);
      expect(read.subjectAltName).to.equal(`DNS:${name}`);
      expect(new Date(read.validFrom).toISOString()).to.equal("2026-03-04T05:06:07.000Z");
      expect(new Date(read.validTo).toISOString()).to.equal("2027-03-04T05:06:07.000Z");
    }
  });

  it("no two have the same serial number", () => {
    const serials = Array.from(
      { length: 50 },
      () => new X509Certificate(selfSigned("a.b.svc", FROM, 1).cert).serialNumber,
    );
    expect(new Set(serials).size).to.equal(50);
    for (const serial of serials) expect(serial).to.match(/^[0-9A-F]{32}$/);
  });

  it("serves a client that trusts it", async () => {
    const { cert, key } = selfSigned("localhost", new Date(Date.now() - 60_000), 1);
    const server = createServer({ cert, key }, (_, response) => response.end("fine"));
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    try {
      const { port } = server.address() as AddressInfo;
      const status = await new Promise((resolve, reject) => {
        get({ host: "127.0.0.1", port, ca: cert, servername: "localhost" }, (response) => {
          response.resume();
          resolve(response.statusCode);
        }).on("error", reject);
      });
      expect(status).to.equal(200);
    } finally {
      server.close();
    }
  });
});
