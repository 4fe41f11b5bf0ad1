/**
 * The fenced blocks of the documentation, and who runs each. ` ```sh ` is run here as written, and where a
 * ` ```text ` follows, that is what it prints. Words after `sh`: `exit=1`; `run=cluster`, `run=changeover`, `run=node` or
 * `run=daemon` for the test that runs it; `not-run=REASON` for what no test can run.
 */
import { readFile } from "node:fs/promises";
import { execa } from "execa";

/** Tests that run blocks, by the word after `run=`; the empty one is `docs.test.ts` itself. */
export const RUNNERS: Readonly<Record<string, string>> = {
  "": "test/docs/docs.test.ts",
  cluster: "test/docs/cluster.test.ts",
  daemon: "test/docs/daemon.test.ts",
  node: "test/docs/node.test.ts",
  changeover: "test/changeover/page.test.ts",
};

/** What a machine of the tests does not have, and what stands in for it. */
export const REASONS: Readonly<Record<string, string>> = {
  docker: "needs Docker: test/deploy/image.test.ts builds the same Containerfile with buildah",
  kubelet: "needs Pods that run: test/changeover runs the daemons themselves in this order",
  chart: "needs MetalLB's own chart, which is not here",
  lab: "is the set-up and the lab itself: test/lab/command.test.ts runs it",
  check: "runs the tests",
  bench: "takes an hour: test/bench/quick.test.ts runs it, small",
  chaos: "takes an hour: test/chaos/run.test.ts is a minute of it",
};

/** A line that begins so is a command, whatever its block is called. */
const COMMAND =
  /^(\$ )?(sudo |\.\/)?(kubectl|helm|bin\/|ferrolb |scripts\/|docker|curl|npm |npx |git |nft |ip |make )/m;

export interface Block {
  readonly page: string;
  readonly line: number;
  /** `sh`, `text`, `yaml`; empty for a picture. */
  readonly language: string;
  readonly content: string;
  /** Which test runs it; null: none does. */
  readonly run: string | null;
  readonly notRun: string | null;
  readonly exit: number;
  /** What it prints, where the page says so. */
  readonly output: string | null;
}

const FENCE = /^```(?<language>\w*)(?<info>[^\n]*)\n(?<content>[\s\S]*?)\n```$/gm;

/** Every page of the repository, sorted. */
export async function pages(): Promise<readonly string[]> {
  const { stdout } = await execa("git", ["ls-files", "*.md"]);
  return stdout
    .split("\n")
    .filter((page) => !page.startsWith("docs/adr/"))
    .sort();
}

export async function blocksOf(page: string): Promise<readonly Block[]> {
  const text = await readFile(page, "utf8");
  const found = [...text.matchAll(FENCE)];
  return found.map((match, i) => {
    const { language = "", info = "", content = "" } = match.groups ?? {};
    const next = found[i + 1];
    const follows = next !== undefined && next.index === match.index + match[0].length + 2;
    const notRun = /not-run=(\S+)/.exec(info)?.[1] ?? null;
    return {
      ...{ page, language, content, notRun },
      line: text.slice(0, match.index).split("\n").length,
      run: language === "sh" && notRun === null ? (/ run=(\S+)/.exec(info)?.[1] ?? "") : null,
      exit: Number(/exit=(\d+)/.exec(info)?.[1] ?? 0),
      output:
        follows && next.groups?.["language"] === "text" ? (next.groups["content"] ?? "") : null,
    };
  });
}

export const allBlocks = async (): Promise<readonly Block[]> =>
  (await Promise.all((await pages()).map(blocksOf))).flat();

/** Blocks that one test runs, in the order of the pages. */
export const blocksRunBy = async (run: string): Promise<readonly Block[]> =>
  (await allBlocks()).filter((block) => block.run === run);

/** What is wrong with how a block is marked; null: nothing. */
export function faultOf({ page, line, language, content, run, notRun }: Block): string | null {
  const at = `${page}:${line}`;
  if (language !== "sh")
    return (language === "" || language === "console") && COMMAND.test(content)
      ? `${at}: commands belong into a block marked sh`
      : null;
  if (notRun !== null && REASONS[notRun] === undefined)
    return `${at}: not-run=${notRun} is none of ${Object.keys(REASONS).join(", ")}`;
  if (run !== null && RUNNERS[run] === undefined)
    return `${at}: no test runs what is marked run=${run}`;
  return null;
}
