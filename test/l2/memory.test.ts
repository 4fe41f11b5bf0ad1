import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { execa } from "execa";
import { fileURLToPath } from "node:url";
import { spareMemory } from "../../src/l2/socket.ts";

const residentKb = (kind: "RssAnon" | "RssFile"): number =>
  Number(
    new RegExp(`^${kind}:\\s+(\\d+)`, "m").exec(readFileSync("/proc/self/status", "utf8"))?.[1],
  );

describe("memory given back", function () {
  this.timeout(60_000);

  it("pages of program files go, and come back as they were", () => {
    const memory = spareMemory();
    if (memory === null) throw new Error("the packet addon is not built");
    const before = residentKb("RssFile");
    memory.giveBack();
    expect(residentKb("RssFile")).to.be.lessThan(before / 2);
    // Compiler, regular expressions, numbers and tables of the runtime are read from the file again.
    const text = Array.from({ length: 1000 }, (_, i) => `${i * 1.1} ä\u{1f600}`).join();
    expect(text.normalize("NFD").match(/\p{L}/gu)?.length).to.equal(1000);
    expect(JSON.parse(JSON.stringify({ text }))).to.deep.equal({ text });
    for (let round = 0; round < 200; round++) memory.giveBack();
  });

  it("a program under load can do it at any time", async () => {
    const main = fileURLToPath(new URL("support/memory-main.ts", import.meta.url));
    const { stdout } = await execa(process.execPath, ["--import", "tsx", main], {
      timeout: 50_000,
    });
    expect(JSON.parse(stdout)).to.deep.include({ sum: 499_500 });
  });

  it("garbage is collected soon after it was asked for", async () => {
    const memory = spareMemory();
    if (memory === null) throw new Error("the packet addon is not built");
    let gone = 0;
    // To ask a WeakRef would keep it alive for the collection that is under way.
    const registry = new FinalizationRegistry<number>((n) => (gone += n));
    const drop = (): void =>
      registry.register(
        Array.from({ length: 1000 }, (_, i) => ({ i })),
        1,
      );
    for (let n = 0; n < 10; n++) drop();
    for (let tries = 0; tries < 300 && gone < 9; tries++) {
      memory.collect();
      await sleep(100);
    }
    expect(gone).to.be.greaterThan(8);
  });
});
