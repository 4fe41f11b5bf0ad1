import { expect } from "chai";
import { MASK, maskLine } from "../../src/frr-config/mask.ts";

describe("secrets in lines of FRR", () => {
  const cases: [line: string, hidden: string][] = [
    [" neighbor 192.0.2.1 password s3cret", ` neighbor 192.0.2.1 password ${MASK}`],
    [" no neighbor 192.0.2.1 password s3cret", ` no neighbor 192.0.2.1 password ${MASK}`],
    [" neighbor 192.0.2.1 passwrd s3cret", ` neighbor 192.0.2.1 passwrd ${MASK}`],
    [" neighbor 192.0.2.1 pasword s3 cret", ` neighbor 192.0.2.1 pasword ${MASK}`],
    ["enable password 8 s3cret", `enable password ${MASK}`],
    ["  authentication-key s3cret", `  authentication-key ${MASK}`],
  ];
  for (const [line, hidden] of cases)
    it(line.trim(), () => expect(maskLine(line)).to.equal(hidden));
  for (const line of [
    " neighbor 192.0.2.1 remote-as 64501",
    " neighbor 192.0.2.1 passive",
    "  network 203.0.113.1/32 route-map ferrolb-class-7",
    "route-map bypass permit 10",
  ])
    it(`leaves ${line.trim()}`, () => expect(maskLine(line)).to.equal(line));
});
