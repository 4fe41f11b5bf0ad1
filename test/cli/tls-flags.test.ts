import { createSecureContext } from "node:tls";
import { expect } from "chai";
import { tlsSettings } from "../../src/cli/tls-flags.ts";
import type { TlsFlags } from "../../src/cli/tls-flags.ts";

describe("TLS flags", () => {
  const RSA = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256";
  // prettier-ignore
  const cases: [given: TlsFlags, then: object][] = [
    [{}, { minVersion: "TLSv1.3" }],
    [{ tlsMinVersion: "", tlsCipherSuites: "", tlsCurvePreferences: "" }, { minVersion: "TLSv1.3" }],
    [{ tlsMinVersion: "VersionTLS12" }, { minVersion: "TLSv1.2" }],
    [{ tlsMinVersion: "VersionTLS12", tlsCipherSuites: `${RSA}, TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256` },
      { minVersion: "TLSv1.2", ciphers: "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-CHACHA20-POLY1305" }],
    [{ tlsCurvePreferences: "29,23,24,25" }, { minVersion: "TLSv1.3", ecdhCurve: "X25519:prime256v1:secp384r1:secp521r1" }],
  ];
  for (const [given, then] of cases)
    it(`${JSON.stringify(given)} -> ${JSON.stringify(then)}`, () => {
      const settings = tlsSettings(given);
      expect(settings).to.deep.equal(then);
      createSecureContext(settings); // Node takes the words
    });

  const refused: [given: TlsFlags, flag: string][] = [
    [{ tlsMinVersion: "VersionTLS11" }, "--tls-min-version"],
    [{ tlsMinVersion: "1.2" }, "--tls-min-version"],
    [{ tlsCipherSuites: RSA }, "--tls-cipher-suites"],
    [{ tlsMinVersion: "VersionTLS12", tlsCipherSuites: "AES" }, "--tls-cipher-suites"],
    [{ tlsMinVersion: "VersionTLS12", tlsCipherSuites: `${RSA},${RSA}` }, "--tls-cipher-suites"],
    [{ tlsCurvePreferences: "P-256" }, "--tls-curve-preferences"],
    [{ tlsCurvePreferences: "23,23" }, "--tls-curve-preferences"],
    [{ tlsCurvePreferences: "23,," }, "--tls-curve-preferences"],
  ];
  for (const [given, flag] of refused)
    it(`${JSON.stringify(given)} -> refused`, () =>
      expect(() => tlsSettings(given))
        .to.throw(flag)
        .with.property("code", "ERR_USAGE"));
});
