/**
 * Every line that the sources log, read from their syntax: fields first, then a message that is a constant text, so
 * that a search for it finds all of them and nothing from a manifest is ever part of one.
 */
import { readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import ts from "typescript";

/** Says what its callers name, which are held to constants by eye: two words each. */
const PASSED_ON = "src/reconciler/failure-teller.ts";
const LEVELS = new Set(["trace", "debug", "info", "warn", "error", "fatal"]);

interface Line {
  readonly at: string;
  readonly level: string;
  readonly message: string | null;
  readonly hasFields: boolean;
}

/** Calls of `log.info(...)`, `o.log.info(...)`, `daemon.log.child({...}).info(...)`. */
function linesOf(file: string): readonly Line[] {
  const source = ts.createSourceFile(
    file,
    readFileSync(file, "utf8"),
    ts.ScriptTarget.Latest,
    true,
  );
  const found: Line[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
      const { name, expression } = node.expression;
      if (
        LEVELS.has(name.text) &&
        /(^|\.)(log|logger)(\.child\(.*\))?$/s.test(expression.getText())
      )
        found.push(lineOf(node, name.text));
    }
    ts.forEachChild(node, visit);
  };
  const lineOf = (call: ts.CallExpression, level: string): Line => {
    const [fields, message] = call.arguments;
    const { line } = source.getLineAndCharacterOfPosition(call.getStart());
    return {
      at: `${file}:${line + 1}`,
      level,
      message: message !== undefined && ts.isStringLiteral(message) ? message.text : null,
      hasFields: fields !== undefined && !ts.isStringLiteralLike(fields),
    };
  };
  visit(source);
  return found;
}

describe("log lines", () => {
  let lines: readonly Line[] = [];
  before(async () => {
    const files = (await readdir("src", { recursive: true }))
      .filter((f) => f.endsWith(".ts"))
      .map((f) => join("src", f))
      .filter((f) => f !== PASSED_ON)
      .sort();
    lines = files.flatMap(linesOf);
  });

  it("there are many", () => expect(lines.length).to.be.greaterThan(50));

  it("each is fields and a constant message", () => {
    expect(lines.filter((l) => l.message === null || !l.hasFields).map((l) => l.at)).to.deep.equal(
      [],
    );
  });

  it("no message ends like a sentence, or is two words for one thing by a slip of the case", () => {
    const messages = [...new Set(lines.flatMap((l) => l.message ?? []))];
    expect(messages.filter((m) => m.endsWith(".") || m !== m.trim() || m === "")).to.deep.equal([]);
    expect(new Set(messages.map((m) => m.toLowerCase())).size).to.equal(messages.length);
  });

  it("what repeats with every pass is debug", () => {
    const levels = lines.filter((l) => l.message === "settled").map((l) => l.level);
    expect(new Set(levels)).to.deep.equal(new Set(["debug"]));
  });

  it("nothing else writes: no console, and standard error only where a command ends", async () => {
    const files = (await readdir("src", { recursive: true })).filter((f) => f.endsWith(".ts"));
    const writing = files.filter((f) =>
      /\bconsole\.\w+\(/.test(readFileSync(join("src", f), "utf8")),
    );
    expect(writing.filter((f) => !f.startsWith("cli/") && !f.startsWith("lab/"))).to.deep.equal([]);
  });
});
