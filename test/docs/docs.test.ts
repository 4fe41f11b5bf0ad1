/** Documentation is run: each `sh` block as written, its `text` block compared with what it prints. */
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import { configurationPage, PAGE } from "../../scripts/generate-docs.ts";
import { ensureBundle } from "../support/bundle.ts";

/** Pages of other rooms bring tests of their own. */
const PAGES = ["docs/concepts.md", "docs/operations.md", "docs/troubleshooting.md"];

interface Block {
  readonly page: string;
  readonly command: string;
  /** Why it cannot run here; null: it is run. */
  readonly notRun: string | null;
  readonly exit: number;
  /** What it prints, where the page says so. */
  readonly output: string | null;
}

const FENCE =
  /^```sh(?<info>[^\n]*)\n(?<command>[\s\S]*?)\n```$(?:\n\n```text\n(?<output>[\s\S]*?)\n```$)?/gm;

async function blocksOf(page: string): Promise<readonly Block[]> {
  const text = await readFile(page, "utf8");
  return [...text.matchAll(FENCE)].map(({ groups = {} }) => ({
    page,
    command: groups["command"] ?? "",
    notRun: /not-run=(\S+)/.exec(groups["info"] ?? "")?.[1] ?? null,
    exit: Number(/exit=(\d+)/.exec(groups["info"] ?? "")?.[1] ?? 0),
    output: groups["output"] ?? null,
  }));
}

const blocks = (await Promise.all(PAGES.map(blocksOf))).flat();

describe("documentation", function () {
  this.timeout(60_000);
  let out = "";
  before(async () => {
    await ensureBundle();
    out = await mkdtemp(join(tmpdir(), `ferrolb-${process.pid}-docs-`));
  });
  after(() => rm(out, { recursive: true, force: true }));

  it("has commands to run", () => expect(blocks.length).to.be.greaterThan(15));

  for (const { page, command, notRun, exit, output } of blocks.filter((b) => b.notRun === null))
    it(`${page}: ${command.split("\n")[0] ?? ""}`, async () => {
      expect(notRun).to.equal(null);
      const env = { PATH: `${join(process.cwd(), "bin")}:${process.env["PATH"] ?? ""}`, OUT: out };
      const ended = await execa("bash", ["-c", `set -e\n${command}`], { env, reject: false });
      expect(ended.exitCode, ended.stderr).to.equal(exit);
      if (output !== null) expect(ended.stdout).to.equal(output);
    });

  it("says why the others are not run here", () => {
    const reasons = blocks.flatMap((b) => b.notRun ?? []).sort();
    expect(reasons).to.deep.equal(["daemon", "network", "node"]);
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
