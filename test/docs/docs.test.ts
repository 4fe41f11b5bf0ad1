/** Documentation is run: each `sh` block as written, its `text` block compared with what it prints. */
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import { configurationPage, PAGE } from "../../scripts/generate-docs.ts";
import { ensureBundle } from "../support/bundle.ts";
import { REASONS, RUNNERS, allBlocks, faultOf } from "./blocks.ts";

const blocks = await allBlocks();

describe("documentation", function () {
  this.timeout(60_000);
  let out = "";
  before(async () => {
    await ensureBundle();
    out = await mkdtemp(join(tmpdir(), `ferrolb-${process.pid}-docs-`));
  });
  after(() => rm(out, { recursive: true, force: true }));

  const run = (command: string) => {
    const env = { PATH: `${join(process.cwd(), "bin")}:${process.env["PATH"] ?? ""}`, OUT: out };
    return execa("bash", ["-c", `set -e\n${command}`], { env, reject: false });
  };

  it("every block with commands is run by a test, or says what it would need", () => {
    expect(blocks.flatMap((b) => faultOf(b) ?? [])).to.deep.equal([]);
    const commands = blocks.filter((b) => b.language === "sh");
    expect(commands.length).to.be.greaterThan(50);
    for (const [name, file] of Object.entries(RUNNERS)) {
      expect(existsSync(file), file).to.equal(true);
      expect(
        commands.some((b) => b.run === name),
        file,
      ).to.equal(true);
    }
    for (const reason of Object.keys(REASONS))
      expect(
        commands.some((b) => b.notRun === reason),
        `not-run=${reason}`,
      ).to.equal(true);
    const count = (test: (b: (typeof blocks)[number]) => boolean) => commands.filter(test).length;
    const parts = Object.entries(RUNNERS).map(([name, file]) => `${count((b) => b.run === name)} by ${file}`); // prettier-ignore
    console.log(`      ${commands.length} blocks: ${parts.join(", ")}, ${count((b) => b.run === null)} by none`); // prettier-ignore
  });

  for (const { page, line, content, exit, output } of blocks.filter((b) => b.run === ""))
    it(`${page}:${line}: ${content.split("\n")[0] ?? ""}`, async () => {
      const ended = await run(content);
      expect(ended.exitCode, ended.stderr).to.equal(exit);
      if (output !== null) expect(ended.stdout).to.equal(output);
    });

  it("commands within the README's text run too", async () => {
    const readme = await readFile("README.md", "utf8");
    const [, table = ""] = readme.split("## Ask without running anything");
    const [rows = ""] = table.split("\n## ");
    const commands = [...rows.matchAll(/^\| `(bin\/ferrolb [^`]+)`/gm)].map(
      ([, words = ""]) => words,
    );
    expect(commands.length).to.be.greaterThan(10);
    await run(
      "bin/ferrolb render --node n1 -f hack/kind-frr-lab/manifests --allocate > $OUT/running; mkdir $OUT/lab; cp hack/kind-frr-lab/manifests/* $OUT/lab",
    );
    const words: Readonly<Record<string, string>> = {
      DIR: `${out}/lab`,
      DUMP: "docs/examples/working.yaml",
      FILE: `${out}/running`,
      "default/web": "default/everywhere-web",
    };
    for (const command of commands) {
      const placed = command.replace(
        /\bDIR\b|\bDUMP\b|\bFILE\b|default\/web/g,
        (w) => words[w] ?? w,
      );
      const ended = await run(/ support /.test(placed) ? `${placed}.tar.gz -f ${out}/lab` : placed);
      // 1: a question answered with no; a probe without a network has nothing to ask.
      expect(ended.exitCode, `${placed}\n${ended.stderr}`).to.be.at.most(
        / probe /.test(placed) ? 3 : 1,
      );
      expect(ended.stdout + ended.stderr, placed).not.to.equal("");
    }
  });

  it(`${PAGE} is what the schemas give: npm run generate:docs`, async () =>
    expect(await readFile(PAGE, "utf8")).to.equal(configurationPage()));

  it("links lead to files that are there", async () => {
    const pages = (await readdir("docs"))
      .filter((f) => f.endsWith(".md"))
      .map((f) => join("docs", f));
    expect(pages.length).to.be.greaterThan(5);
    for (const page of pages) {
      const words = (await readFile(page, "utf8")).replaceAll(/`[^`\n]*`/g, "");
      for (const [, target = ""] of words.matchAll(/\]\(([^)#\s]+)[^)]*\)/g))
        if (!/^[a-z]+:/.test(target))
          expect(existsSync(join(dirname(page), target)), `${page} to ${target}`).to.equal(true);
    }
  });
});
