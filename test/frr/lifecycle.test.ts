/** What happens to a real FRR under the engine: each is noticed, told once, and healed. */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { formatTree, parseTree } from "../../src/frr-config/tree.ts";
import { vtyTo } from "../../src/frr/vty.ts";
import { FRR_VERSIONS } from "../../src/lab/frr-root.ts";
import { AppError } from "../../src/errors.ts";
import type { FrrInstance } from "../../src/lab/frr-instance.ts";
import type { FrrEventKind } from "../../src/frr/events.ts";
import { engineOn, type TestEngine } from "../support/engine.ts";
import { BASE } from "../support/frr-base.ts";
import { renderModel } from "../support/frr-model.ts";
import { loneNode, startTestNet, type TestNet } from "../support/router.ts";
import { eventually } from "../support/wait.ts";

const PASSWORD = "hunter2?";
const TEXT = renderModel({
  ...BASE,
  peers: { ...BASE.peers, secret: { ...BASE.peers.v4!, password: PASSWORD } },
});

for (const version of FRR_VERSIONS)
  describe(`FRR ${version} under the engine`, function () {
    this.timeout(180_000);
    let lab: TestNet;
    let frr: FrrInstance;
    let engine: TestEngine;

    before(async () => {
      lab = await startTestNet();
      frr = await loneNode(lab, version, TEXT);
    });
    after(() => lab.close());
    beforeEach(async () => {
      engine = engineOn(frr, { timeoutMs: 20_000 });
      await engine.bringTo(TEXT);
      engine.events.length = 0;
    });
    afterEach(() => engine.close());

    const seen = (kind: FrrEventKind): Promise<true> =>
      eventually(kind, () => engine.events.some((event) => event.kind === kind) || false, 60_000);
    const count = (kind: FrrEventKind): number =>
      engine.events.filter((event) => event.kind === kind).length;
    const running = (): Promise<string> => frr.vtysh("show running-config");

    it("a first apply of what FRR loaded by itself changes nothing", async () => {
      const other = engineOn(frr);
      expect((await other.bringTo(TEXT)).kind).to.equal("settled");
      await other.close();
    });

    it("a line taken away by hand comes back, and one added goes", async () => {
      let told = 0;
      engine.onDrift(() => told++);
      const good = await running();
      await frr.vtysh(
        ...["conf t", "router bgp 64500", "neighbor 192.0.2.99 remote-as 65000"],
        ...["address-family ipv4 unicast", "no network 203.0.113.100/32"],
      );
      await seen("drift");
      expect(told).to.equal(1);
      expect(engine.events.at(-1)).to.deep.equal({ kind: "drift", cause: "edited" });
      expect((await engine.bringTo(TEXT)).kind).to.equal("applied");
      expect(await running()).to.equal(good);
      expect(count("healed")).to.equal(1);
    });

    it("a restart finds its configuration in frr.conf", async () => {
      const good = await running();
      await frr.restart();
      expect(await running()).to.equal(good);
      await seen("drift");
      expect((await engine.bringTo(TEXT)).kind).to.equal("settled");
    });

    it("a bgpd that dies and comes back empty is filled again, with what zebra still has, too", async () => {
      const good = await running();
      const ofBgpd = async (): Promise<string> => {
        const bgpd = vtyTo("bgpd", frr.vtyDir, 20_000);
        const text = await bgpd.ask("show running-config");
        bgpd.close();
        return formatTree(parseTree(text));
      };
      const own = await ofBgpd();
      expect(own).to.contain("route-map "); // zebra keeps a copy of each
      await frr.kill("bgpd");
      await seen("unreachable");
      writeFileSync(frr.confFile, ""); // watchfrr finds nothing to load
      await frr.start("bgpd");
      await seen("drift");
      expect(count("unreachable")).to.equal(1);
      expect((await engine.bringTo(TEXT)).kind).to.equal("applied");
      expect(await running()).to.equal(good);
      expect(await ofBgpd()).to.equal(own);
      writeFileSync(frr.confFile, TEXT);
    });

    it("a bgpd that hangs is away until it answers", async () => {
      const pid = frr.pids().get("bgpd")!;
      process.kill(pid, "SIGSTOP");
      try {
        await seen("unreachable");
        const quick = engineOn(frr, { timeoutMs: 1500 });
        const failed = await quick.bringTo("").then(
          () => null,
          (error: unknown) => error,
        );
        await quick.close();
        expect(failed).to.be.instanceOf(AppError);
        expect((failed as AppError).code).to.equal("ERR_FRR_UNREACHABLE");
      } finally {
        process.kill(pid, "SIGCONT");
      }
      await seen("drift");
      expect((await engine.bringTo(TEXT)).kind).to.be.oneOf(["settled", "applied"]);
      expect(count("unreachable")).to.equal(1);
      expect(count("healed")).to.equal(1);
    });

    it("sockets that are not there yet are waited for", async () => {
      const early = engineOn({ ...frr, vtyDir: `${frr.vtyDir}.late` }, { timeoutMs: 20_000 });
      try {
        const failed = await early.bringTo(TEXT).catch((error: unknown) => error);
        expect(failed).to.be.instanceOf(AppError);
        renameSync(frr.vtyDir, `${frr.vtyDir}.late`);
        await eventually("the return", () => early.stats().drift === 1 || false, 60_000);
        expect((await early.bringTo(TEXT)).kind).to.equal("settled");
        expect(early.stats().unreachable).to.equal(1);
      } finally {
        if (existsSync(`${frr.vtyDir}.late`)) renameSync(`${frr.vtyDir}.late`, frr.vtyDir);
        await early.close();
      }
    });

    it("a vtysh that vanishes is away until it is back", async () => {
      renameSync(frr.vtyshPath, `${frr.vtyshPath}.gone`);
      await seen("unreachable");
      renameSync(`${frr.vtyshPath}.gone`, frr.vtyshPath);
      await seen("drift");
      expect((await engine.bringTo(TEXT)).kind).to.equal("settled");
    });

    it("a full disk keeps frr.conf whole, and is made up for", async () => {
      const disk = join(lab.dir, `small-${version}`);
      mkdirSync(disk);
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k,mode=755", "tmpfs", disk]);
      const confFile = join(disk, "frr.conf");
      const small = engineOn({ ...frr, confFile }, { timeoutMs: 20_000 });
      try {
        await small.bringTo(TEXT);
        writeFileSync(join(disk, "ballast"), Buffer.alloc(4096 * 10));
        try {
          writeFileSync(join(disk, "more"), Buffer.alloc(4096 * 16));
        } catch {
          // full now
        }
        const less = TEXT.replace("  network 203.0.113.101/32 route-map", "  ! network");
        const changed = less.replace(/^ {2}! network.*\n/m, "");
        expect((await small.bringTo(changed)).kind).to.equal("applied");
        expect(small.stats()["conf-unwritten"]).to.equal(1);
        expect(execFileSync("cat", [confFile], { encoding: "utf8" })).to.equal(TEXT);
        execFileSync("rm", [join(disk, "ballast"), join(disk, "more")]);
        await eventually("frr.conf", () => small.stats()["conf-written"] === 1 || false, 60_000);
        expect(execFileSync("cat", [confFile], { encoding: "utf8" })).to.equal(changed);
        await small.bringTo(TEXT);
      } finally {
        await small.close();
        execFileSync("umount", [disk]);
      }
    });

    it("frr.conf is 0640 and of FRR's group, and nothing is left beside it", async () => {
      chmodSync(frr.confFile, 0o600);
      const other = TEXT.replace("log stdout informational", "log stdout warnings");
      await engine.bringTo(other);
      const [conf, etc] = [statSync(frr.confFile), statSync(join(frr.confFile, ".."))];
      expect(conf.mode & 0o777).to.equal(0o640);
      expect(conf.gid).to.equal(etc.gid);
      expect(readdirSync(join(frr.confFile, "..")).sort()).to.deep.equal([
        "frr.conf",
        "vtysh.conf",
      ]);
    });

    it("no event and no refusal holds a password", async () => {
      await engine.bringTo(TEXT.replace(`password ${PASSWORD}`, `password ${PASSWORD}${PASSWORD}`));
      const long = `password ${PASSWORD.repeat(60)}`;
      const refused = await engine.bringTo(TEXT.replace(`password ${PASSWORD}`, long));
      expect(refused.kind).to.equal("refused");
      expect(JSON.stringify([engine.events, refused])).not.to.contain("hunter2");
    });

    it("vtysh of another version is told once", async () => {
      const fake = join(lab.dir, `vtysh-${version}`);
      const script = `case "$*" in *--help*) echo "FRR (version 7.5)";; *) exec ${frr.vtyshPath} "$@";; esac`;
      writeFileSync(fake, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
      const odd = engineOn({ ...frr, vtyshPath: fake });
      await odd.bringTo(TEXT);
      await odd.bringTo(TEXT);
      expect(odd.stats()["version-mismatch"]).to.equal(1);
      await odd.close();
    });
  });
