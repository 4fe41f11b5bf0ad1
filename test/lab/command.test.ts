/** The lab as a person meets it: its check, two at once, a way in, and what is left after a kill. */
import { expect } from "chai";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { LABS_DIR } from "../../src/lab/labs.ts";
import { ferrolb } from "../support/lab.ts";
import { service, writeManifests } from "../support/lab-manifests.ts";
import { eventually } from "../support/wait.ts";

/** Several test runs share a machine: the names are this process's own. */
const ONE = `t${process.pid}a`;
const TWO = `t${process.pid}b`;

describe("ferrolb lab", function () {
  this.timeout(300_000);
  let words: readonly string[];
  const run = (...args: readonly string[]) => {
    const [program = "", ...rest] = words;
    return execa(program, [...rest, "lab", ...args], { reject: false, all: true });
  };
  const namespacesOf = async (name: string): Promise<readonly string[]> =>
    (await execa("ip", ["netns", "list"])).stdout
      .split("\n")
      .filter((line) => line.startsWith(`ferrolb-lab-${name}-`));
  const nothingIsLeftOf = async (name: string): Promise<void> => {
    expect(await namespacesOf(name)).to.deep.equal([]);
    expect(await readdir(LABS_DIR)).not.to.include(name);
    const { stdout } = await execa("ps", ["-eo", "args"]);
    expect(stdout.split("\n").filter((line) => line.includes(`/${name}/`))).to.deep.equal([]);
  };
  /** A lab that stays up; its output so far. */
  const start = async (name: string) => {
    const [program = "", ...rest] = words;
    const child = execa(program, [...rest, "lab", "--name", name], { reject: false, all: true });
    let said = "";
    child.all.on("data", (chunk: Buffer) => (said += chunk.toString()));
    await eventually(`lab ${name} up`, () => said.includes("changes are followed"), 60_000);
    return { child, said: () => said };
  };
  before(async () => {
    words = await ferrolb();
  });
  after(async () => {
    for (const name of [ONE, TWO]) await run("down", "--name", name);
  });

  it("--check shows every claim, one line each, and leaves nothing", async () => {
    const { exitCode, all } = await run("--check", "--name", ONE);
    expect(exitCode, all).to.equal(0);
    const lines = all.split("\n").filter((line) => /^(ok|FAIL) /.test(line));
    expect(lines.filter((line) => line.startsWith("FAIL"))).to.deep.equal([]);
    for (const said of [
      /every Service has its addresses/,
      /r1: 203\.0\.113\.\d+\/32 via n1 n2 n3, communities/,
      /r2: 203\.0\.113\.\d+\/32 via n1 n2 n3, .*local preference 150/,
      /r1: 203\.0\.113\.\d+\/32 via n2 n3/,
      /r2: 2001:db8:0:f::1\/128 via n1 n2 n3/,
      /ARP: 198\.51\.100\.\d+ is answered by n[23] alone/,
      /reaches a backend, which sees the client's address/,
      /spread over n1 n2 n3/,
    ])
      expect(
        lines.some((line) => said.test(line)),
        String(said),
      ).to.equal(true);
    await nothingIsLeftOf(ONE);
  });

  it("two at once, each with its own way in; edits are followed; Ctrl-C removes one alone", async () => {
    const [one, two] = await Promise.all([start(ONE), start(TWO)]);
    const { stdout } = await run("list");
    expect(stdout)
      .to.match(new RegExp(`${ONE} +up`))
      .and.match(new RegExp(`${TWO} +up`));
    const summary = await run("exec", "--name", ONE, "r1", "--", "vtysh", "-c", "show bgp summary");
    expect(summary.stdout).to.include("local AS number 64501");
    expect((await run("exec", "--name", ONE, "nowhere", "--", "true")).exitCode).to.equal(2);
    expect((await run("exec", "--name", ONE, "c1", "--", "sh", "-c", "exit 7")).exitCode).to.equal(
      7,
    );
    await writeManifests(join(LABS_DIR, ONE, "manifests"), "more", ...service("more", { ip: "203.0.113.20" })); // prettier-ignore
    await eventually(
      "the new Service in the table",
      () =>
        /default\/more +203\.0\.113\.20 +public-pool +BGP n1 n2 n3 .* yes, n\d/.test(one.said()),
      90_000,
    );
    one.child.kill("SIGINT");
    expect((await one.child).exitCode, one.said()).to.equal(0);
    await nothingIsLeftOf(ONE);
    expect((await namespacesOf(TWO)).length).to.be.greaterThan(5);
    two.child.kill("SIGTERM");
    expect((await two.child).exitCode, two.said()).to.equal(0);
    await nothingIsLeftOf(TWO);
  });

  it("killed, leaves things; down removes them", async () => {
    const { child } = await start(ONE);
    child.kill("SIGKILL");
    await child;
    expect((await namespacesOf(ONE)).length).to.be.greaterThan(5);
    expect((await run("list")).stdout).to.match(new RegExp(`${ONE} +killed`));
    const down = await run("down", "--name", ONE);
    expect(down.stdout).to.include("leftovers removed");
    await nothingIsLeftOf(ONE);
    expect((await run("down", "--name", ONE)).stdout).to.include("not there");
  });

  it("ends and removes everything when its reader goes away", async () => {
    const line = [...words, "lab", "--name", ONE, "|", "head", "-n", "1"].join(" ");
    expect((await execa("bash", ["-c", line])).stdout).to.match(/^wires/);
    await nothingIsLeftOf(ONE);
  });

  it("says what is wrong with a name, and exits 2", async () => {
    const { exitCode, stderr } = await run("--name", "a/b");
    expect(exitCode).to.equal(2);
    expect(stderr).to.include("letters or digits");
  });

  it("without root exits 3 and says so", async () => {
    // A user namespace without a map: nobody, who can still read what root can.
    const args = ["--user", ...words, "lab", "--name", ONE];
    const { exitCode, stderr } = await execa("unshare", args, { reject: false });
    expect(exitCode).to.equal(3);
    expect(stderr).to.include("root");
  });
});
