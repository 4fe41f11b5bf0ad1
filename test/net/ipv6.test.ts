import { expect } from "chai";
import fc from "fast-check";
import { parseIp } from "../../src/net/ip.ts";
import { ipv6Octets, ipv6Text } from "../../src/net/ipv6.ts";

/** Two octets of zeros are common in addresses, and rare at random. */
const group = fc.oneof(fc.constant(0), fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
const octets = fc
  .array(group, { minLength: 8, maxLength: 8 })
  .map((groups) => Uint8Array.from(groups.flatMap((g) => [g >> 8, g & 255])));
const written = (b: Uint8Array): string =>
  Array.from({ length: 8 }, (_, i) => ((b[i * 2]! << 8) | b[i * 2 + 1]!).toString(16)).join(":");

describe("IPv6 as text (RFC 5952)", () => {
  const cases: [given: string, canonical: string][] = [
    ["0:0:0:0:0:0:0:0", "::"],
    ["0:0:0:0:0:0:0:1", "::1"],
    ["1:0:0:0:0:0:0:0", "1::"],
    ["2001:0db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["0:0:1:0:0:1:1:1", "::1:0:0:1:1:1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["2001:DB8::A", "2001:db8::a"],
  ];
  for (const [given, canonical] of cases)
    it(`${given} -> ${canonical}`, () => expect(parseIp(given)).to.equal(canonical));

  it("is what another implementation writes", () =>
    fc.assert(
      fc.property(octets, (b) => {
        const host = new URL(`http://[${written(b)}]/`).hostname;
        expect(`[${ipv6Text(b)}]`).to.equal(host);
      }),
      { numRuns: 2000 },
    ));
  it("gives the octets back, short or written out", () =>
    fc.assert(
      fc.property(octets, (b) => {
        expect(ipv6Octets(ipv6Text(b))).to.deep.equal(b);
        expect(ipv6Octets(written(b))).to.deep.equal(b);
      }),
      { numRuns: 2000 },
    ));
});
