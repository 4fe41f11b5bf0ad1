import { expect } from "chai";
import { createLog, setLogLevel } from "../../src/observability/log.ts";
import type { LogLevel } from "../../src/observability/log.ts";

describe("the log", () => {
  const lines = (level: LogLevel): { write: (l: string) => void; said: string[] } => {
    const said: string[] = [];
    const stream = { write: (line: string) => void said.push(line) };
    const log = createLog(level, stream);
    for (const say of ["debug", "info", "warn", "error"] as const) log[say]({}, say);
    return { ...stream, said };
  };
  const cases: [level: LogLevel, lines: number][] = [
    ["all", 4],
    ["debug", 4],
    ["info", 3],
    ["warn", 2],
    ["error", 1],
    ["none", 0],
  ];
  for (const [level, count] of cases)
    it(`${level} -> ${count} of four`, () => expect(lines(level).said.length).to.equal(count));

  it("changes its level at run time, in every room", () => {
    const said: string[] = [];
    const log = createLog("warn", { write: (line) => void said.push(line) });
    const room = log.child({ room: "a" }).child({ inner: true });
    room.debug({}, "before");
    setLogLevel(log, "debug");
    room.debug({}, "between");
    setLogLevel(log, "warn");
    room.info({}, "after");
    const words = said.map((line) => (JSON.parse(line) as { msg: string }).msg);
    expect(words).to.deep.equal(["between"]);
  });

  it("masks secrets wherever an object of a manifest carries them", () => {
    const said: string[] = [];
    const log = createLog("all", { write: (line) => void said.push(line) });
    log.info({ password: "hush", spec: { password: "hush" } }, "peer");
    log.info({ object: { spec: { password: "hush" }, stringData: { password: "hush" } } }, "deep");
    expect(said.join()).not.to.contain("hush");
    expect(said.join()).to.contain("<retracted>");
  });
});
