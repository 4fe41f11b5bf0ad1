/** The packages that come in: `scripts/audit` without the registry. */
import { readFileSync } from "node:fs";
import { expect } from "chai";
import { findingsIn } from "../../scripts/audit-lock.ts";
import type { Lock } from "../../scripts/audit-lock.ts";

const lock = JSON.parse(readFileSync("package-lock.json", "utf8")) as Lock;
const GOOD = {
  ...{ version: "1.0.0", license: "MIT", integrity: `sha512-${"A".repeat(86)}==` },
  resolved: "https://registry.example/x/-/x-1.0.0.tgz",
};
const withOne = (change: object): Lock => ({
  lockfileVersion: 3,
  packages: { "": {}, "node_modules/x": { ...GOOD, ...change } },
});

describe("the packages FerroLB is made of", () => {
  it("are there", () => expect(Object.keys(lock.packages).length).to.be.greaterThan(50));
  it("have checksums, exact versions, fitting licences, and no unknown script at installation", () =>
    expect(findingsIn(lock)).to.deep.equal([]));

  const cases: [what: string, change: object][] = [
    ["no checksum", { integrity: undefined }],
    ["a weak checksum", { integrity: "sha1-AAAAAAAAAAAAAAAAAAAAAAAAAAA=" }],
    ["another source", { resolved: "git+ssh://git@example.com/x.git" }],
    ["no TLS", { resolved: "http://registry.example/x/-/x-1.0.0.tgz" }],
    ["a licence that binds", { license: "GPL-3.0" }],
    ["no licence", { license: undefined }],
    ["a script at installation", { hasInstallScript: true }],
    ["a link", { link: true }],
  ];
  for (const [what, change] of cases)
    it(`${what} is found`, () => expect(findingsIn(withOne(change))).to.have.length(1));
  it("and a good one is not", () => expect(findingsIn(withOne({}))).to.deep.equal([]));
});
