import { expect } from "chai";
import { turns } from "../../src/runtime/turns.ts";

describe("turns", () => {
  const gate = () => {
    let open = (): void => undefined;
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    return { opened, open: () => open() };
  };

  it("one after another for one key, in the order asked, also behind a failure", async () => {
    const inTurn = turns<string>();
    const [order, first] = [[] as string[], gate()];
    const failing = inTurn("a", async () => {
      await first.opened;
      order.push("first");
      throw new Error("no");
    }).catch(() => undefined);
    const second = inTurn("a", () => Promise.resolve(order.push("second")));
    first.open();
    await Promise.all([failing, second]);
    expect(order).to.deep.equal(["first", "second"]);
  });

  it("side by side for others", async () => {
    const inTurn = turns<string>();
    const first = gate();
    const waiting = inTurn("a", () => first.opened);
    expect(await inTurn("b", () => Promise.resolve("done"))).to.equal("done");
    first.open();
    await waiting;
  });
});
