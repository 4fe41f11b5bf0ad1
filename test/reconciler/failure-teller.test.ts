import { expect } from "chai";
import { failureTeller } from "../../src/reconciler/failure-teller.ts";

describe("what fails again and again", () => {
  it("is one line when it begins or changes, and one when it works", () => {
    const said: string[] = [];
    const at = (level: string) => (_: object, message: string) => said.push(`${level} ${message}`);
    const log = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
    const tell = failureTeller("error", log, { failing: "fails", works: "works", about: {} });
    tell.worked();
    for (const words of ["away", "away", "away", "refused"]) tell.failed({ err: new Error(words) });
    tell.worked();
    tell.worked();
    tell.failed({ err: new Error("refused") });
    expect(said).to.deep.equal([
      ...["error fails", "debug fails", "debug fails", "error fails", "info works"],
      "error fails",
    ]);
  });
});
