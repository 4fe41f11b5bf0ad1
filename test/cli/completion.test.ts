/** Completion as a shell asks for it: the scripts run in the real shells. */
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import { COMMANDS } from "../../src/cli/commands.ts";
import { ensureBundle, ferrolb } from "../support/bundle.ts";

const LAB = "hack/kind-frr-lab/manifests";
/** The words of a line, the last one being typed; what the shell offers. */
const LINES: [line: string[], offered: RegExp | string[]][] = [
  [["exp"], ["explain"]],
  [["explain", ""], ["address", "node", "peer", "pool", "service"]],
  [["explain", "service", "-f", LAB, "default/in"], ["default/internal-local-web", "default/internal-web"]],
  [["explain", "pool", `--filename=${LAB}`, "p"], ["public-pool"]],
  [["status", "--out"], ["--output"]],
  [["status", "-o", ""], ["json", "table", "wide", "yaml"]],
  [["status", "-f", "hack/kind-frr-lab/man"], ["hack/kind-frr-lab/manifests"]],
  [["no-such", "-"], ["--help"]],
]; // prettier-ignore

const has = async (shell: string): Promise<boolean> =>
  (await execa("which", [shell], { reject: false })).exitCode === 0;

describe("completion", function () {
  this.timeout(120_000);
  let dir: string;
  before(async () => {
    await ensureBundle();
    dir = await mkdtemp(join(tmpdir(), `ferrolb-${process.pid}-completion-`));
    await symlink(resolve("bin/ferrolb"), join(dir, "ferrolb"));
  });
  after(() => rm(dir, { recursive: true, force: true }));
  const env = (): Record<string, string> => ({
    PATH: `${dir}:${process.env["PATH"] ?? ""}`,
    KUBECONFIG: "",
    HOME: dir,
  });

  it("knows every command, and hides its own", async () => {
    const { stdout } = await ferrolb(["__complete", "--", ""]);
    expect(stdout.split("\n")).to.have.members(Object.keys(COMMANDS));
  });

  it("never fails, whatever is typed", async () => {
    for (const words of [
      [],
      ["--"],
      ["--", "-f"],
      ["--", "explain", "service", "-f", "nowhere", "x"],
      ["--", "explain", "service", "-f", "-", "x"],
    ]) {
      // prettier-ignore
      const { exitCode, stderr } = await ferrolb(["__complete", ...words], { env: env() });
      expect([exitCode, stderr], words.join(" ")).to.deep.equal([0, ""]);
    }
  });

  const asks: Readonly<Record<string, (line: readonly string[]) => readonly string[]>> = {
    bash: (line) => [
      "--norc",
      "-c",
      `source <(ferrolb completion bash); COMP_WORDS=(ferrolb "$@"); COMP_CWORD=$#; _ferrolb; printf '%s\\n' "\${COMPREPLY[@]}"`,
      "bash",
      ...line,
    ],
    zsh: (line) => [
      "-f",
      "-c",
      `compdef() { :; }; _files() { print -l -- \${words[CURRENT]}*(N); }; compadd() { shift; print -l -- "$@"; }
       source <(ferrolb completion zsh); words=(ferrolb "$@"); CURRENT=$(( $# + 1 )); _ferrolb`,
      "zsh",
      ...line,
    ],
    fish: (line) => [
      "--no-config",
      "-c",
      `ferrolb completion fish | source; complete --do-complete "ferrolb ${line.join(" ")}"`,
    ],
  };
  for (const [shell, ask] of Object.entries(asks))
    describe(`in ${shell}`, () => {
      before(async function () {
        if (!(await has(shell))) this.skip(); // not installed
      });
      for (const [line, offered] of LINES)
        it(`ferrolb ${line.join(" ")}`, async () => {
          const { stdout, exitCode, stderr } = await execa(shell, ask(line), {
            env: env(),
            reject: false,
          });
          expect(exitCode === 0 || stdout === "", stderr).to.equal(true);
          const found = stdout
            .split("\n")
            .map((l) => l.split("\t")[0]?.replace(/\/$/, "") ?? "")
            .filter((l) => l !== "");
          expect(found.sort(), stderr).to.deep.equal(offered);
        });
    });

  it("a hostile name in a manifest never reaches the shell", async () => {
    await writeFile(
      join(dir, "bad.yaml"),
      "apiVersion: metallb.io/v1beta1\nkind: IPAddressPool\nmetadata: {name: '$(touch pwned)'}\nspec: {addresses: [192.0.2.0/30]}\n",
    );
    const { stdout } = await ferrolb(["__complete", "--", "explain", "pool", "-f", join(dir, "bad.yaml"), ""]); // prettier-ignore
    expect(stdout).to.equal("");
  });
});
