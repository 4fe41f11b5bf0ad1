import { EventEmitter } from "node:events";
import type { WriteStream } from "node:tty";
import { expect } from "chai";
import { fitted, fullScreen } from "../../src/cli/screen.ts";

describe("what a terminal holds", () => {
  const cases: [given: string, text: string, rows: number, columns: number, then: string[]][] = [
    ["all of it", "one\ntwo", 2, 3, ["one", "two"]],
    ["a long line ends in an ellipsis", "one two", 1, 5, ["one …"]],
    ["what is below is counted", "a\nb\nc\nd", 3, 20, ["a", "b", "… 2 more lines"]],
    ["a terminal of one line", "a\nb", 1, 20, ["… 2 more lines"]],
  ];
  for (const [given, text, rows, columns, then] of cases)
    it(given, () => expect(fitted(text, rows, columns)).to.deep.equal(then));

  it("is drawn anew when the terminal gets another size, and left as it was", () => {
    const said: string[] = [];
    const terminal = Object.assign(new EventEmitter(), {
      ...{ isTTY: true, rows: 3, columns: 10 },
      write: (text: string) => said.push(text),
    });
    const screen = fullScreen(terminal as unknown as WriteStream);
    screen.show("a\nb\nc");
    expect(said.join("")).to.contain("… 2 more");
    said.length = 0;
    terminal.rows = 9;
    terminal.emit("resize");
    expect(said.join("")).to.contain("c");
    screen.close();
    expect(said.at(-1)).to.contain("1049l");
    terminal.emit("resize");
    expect(said.at(-1), "nothing after the end").to.contain("1049l");
  });
});
