import { mkdir, mkdtemp, readFile, readdir, rename, rm, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import type { Store } from "../../src/api/store.ts";
import { openDirectoryStore } from "../../src/manifests/directory-store.ts";
import { parseIp } from "../../src/net/ip.ts";
import { pool, service, yaml } from "../support/manifests.ts";
import { eventually } from "../support/wait.ts";

describe("a directory of manifests, as people and programs treat it", () => {
  let root: string;
  let dir: string;
  const open: Store[] = [];

  const start = (stateDir: string | null = null, writesStatus = true): Store => {
    const store = openDirectoryStore({
      dir,
      namespace: "metallb-system",
      stateDir,
      instance: "controller",
      writesStatus,
      rescanMs: 1000,
    });
    open.push(store);
    return store;
  };
  const started = async (stateDir: string | null = null): Promise<Store> => {
    const store = start(stateDir);
    await eventually("the first load", () => store.snapshot() !== null, 30_000, 2);
    return store;
  };
  const stop = async (store: Store): Promise<void> => {
    open.splice(open.indexOf(store), 1);
    await store.close();
  };
  const put = (name: string, text: string) => writeFile(join(dir, name), text);
  const names = (store: Store): string[] =>
    (store.snapshot()?.services ?? []).map((s) => s.metadata.name).sort();
  const are = (store: Store, ...expected: string[]) =>
    eventually(
      `services ${expected.join()}`,
      () => names(store).join() === expected.join(),
      30_000,
      2,
    );
  const problemLike = (store: Store, words: RegExp) =>
    eventually(
      `a problem like ${words}`,
      () => store.problems().some((p) => words.test(p.message)),
      30_000,
      2,
    );
  const noProblem = (store: Store) =>
    eventually("no problem", () => store.problems().length === 0, 30_000, 2);
  /** Runs `act` and fails if any of the services is missing at any moment until it is done and some time after. */
  const withoutLosing = async (store: Store, expected: string[], act: () => Promise<void>) => {
    const lost = new Set<string>();
    const look = () => {
      const have = names(store);
      for (const name of expected) if (!have.includes(name)) lost.add(name);
    };
    const unhook = store.onChange(look);
    await act();
    await sleep(700);
    look();
    unhook();
    expect([...lost], "lost meanwhile").to.deep.equal([]);
  };

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), `ferrolb-${process.pid}-manifests-`));
    dir = join(root, "manifests");
    await mkdir(dir);
  });
  afterEach(async () => {
    for (const store of open.splice(0)) await store.close();
    await rm(root, { recursive: true, force: true });
  });

  it("reads directories below it, not hidden ones, nor other files", async () => {
    await mkdir(join(dir, "more/deep"), { recursive: true });
    await mkdir(join(dir, ".git"));
    await put("more/deep/a.yml", yaml(service("a")));
    await put("b.json", JSON.stringify(service("b")));
    await put(".git/c.yaml", yaml(service("c")));
    await put(".d.yaml", yaml(service("d")));
    await put("e.yaml~", yaml(service("e")));
    await put("README.md", "# no manifest");
    const store = await started();
    expect(names(store)).to.deep.equal(["a", "b"]);
    await mkdir(join(dir, "new"));
    await put("new/f.yaml", yaml(service("f")));
    await are(store, "a", "b", "f");
    await rm(join(dir, "more"), { recursive: true });
    await are(store, "b", "f");
  });

  it("is there before the directory is", async () => {
    await rm(dir, { recursive: true });
    const store = start();
    await problemLike(store, /ENOENT/);
    expect(store.snapshot()).to.equal(null);
    await mkdir(dir);
    await put("a.yaml", yaml(service("a")));
    await are(store, "a");
    await noProblem(store);
  });

  it("takes a file written in pieces when it is whole", async () => {
    await put("a.yaml", yaml(service("a")));
    const store = await started();
    const text = yaml(service("b"), service("c"));
    for (const end of [0.2, 0.4, 0.6, 0.8, 1]) {
      await put("b.yaml", text.slice(0, Math.floor(text.length * end)));
      await sleep(15);
    }
    await are(store, "a", "b", "c");
    await noProblem(store);
  });

  it("loses nothing while a file is rewritten in place, in pieces", async () => {
    const text = yaml(service("a"), service("b"), service("c"));
    await put("x.yaml", text);
    const store = await started();
    await withoutLosing(store, ["a", "b", "c"], async () => {
      for (const end of [0, 0.3, 0.5, 0.7, 1]) {
        await put("x.yaml", text.slice(0, Math.floor(text.length * end)));
        await sleep(60);
      }
    });
    expect(store.problems()).to.deep.equal([]);
  });

  it("keeps what a truncated or empty file said, says so, and goes on when it is written", async () => {
    const text = yaml(service("a"), service("b"));
    await put("x.yaml", text);
    const store = await started();
    await put("x.yaml", "");
    await problemLike(store, /x\.yaml: the file is empty.*stays in force/);
    expect(names(store)).to.deep.equal(["a", "b"]);
    await put("x.yaml", text.slice(0, text.length - 25));
    await problemLike(store, /x\.yaml: .*cut off.*stays in force/);
    expect(names(store)).to.deep.equal(["a", "b"]);
    await put("x.yaml", yaml(service("b")));
    await are(store, "b");
    await noProblem(store);
  });

  it("lets one broken document cost itself alone, and not even that", async () => {
    await put("x.yaml", `${yaml(service("a"))}---\n${yaml(service("b"))}`);
    const store = await started();
    await put("x.yaml", `${yaml(service("c"))}---\n${yaml(service("b"))}  oops: [\n`);
    await are(store, "b", "c");
    await problemLike(store, /^x\.yaml:\d+: .*last good version stays in force/s);
    await put("x.yaml", `${yaml(service("c"))}---\n${yaml(service("b"))}`);
    await noProblem(store);
    await put("x.yaml", yaml(service("c")));
    await are(store, "c");
  });

  it("loses nothing when a file is renamed, or replaced by a rename", async () => {
    await put("x.yaml", yaml(service("a"), service("b")));
    const store = await started();
    await withoutLosing(store, ["a", "b"], async () => {
      await rename(join(dir, "x.yaml"), join(dir, "y.yaml"));
      await sleep(200);
      await put(".new", yaml(service("a"), service("b"), service("c")));
      await rename(join(dir, ".new"), join(dir, "y.yaml"));
    });
    await are(store, "a", "b", "c");
    await noProblem(store);
  });

  it("deletes what is deleted: a document, a file", async () => {
    await put("x.yaml", yaml(service("a"), service("b")));
    await put("y.yaml", yaml(service("c")));
    const store = await started();
    await put("x.yaml", yaml(service("b")));
    await are(store, "b", "c");
    await unlink(join(dir, "y.yaml"));
    await are(store, "b");
    await rm(join(dir, "x.yaml"));
    await are(store);
  });

  it("keeps everything while the whole directory is away", async () => {
    await put("x.yaml", yaml(service("a")));
    const store = await started();
    await rename(dir, `${dir}-away`);
    await problemLike(store, /stays in force/);
    await sleep(300);
    expect(names(store)).to.deep.equal(["a"]);
    await rename(`${dir}-away`, dir);
    await noProblem(store);
    await put("x.yaml", yaml(service("a"), service("b")));
    await are(store, "a", "b");
  });

  it("decides between two of one name by the path, and warns of both places", async () => {
    await put("b.yaml", yaml(service("a", { loadBalancerClass: "second" })));
    const store = await started();
    await put("a.yaml", yaml(service("x"), service("a", { loadBalancerClass: "first" })));
    await problemLike(store, /^b\.yaml:1: Service default\/a is already given by a\.yaml:\d+/);
    const classes = store.snapshot()?.services.map((s) => s.spec?.loadBalancerClass);
    expect(classes).to.deep.equal([undefined, "first"]);
    await unlink(join(dir, "a.yaml"));
    await eventually(
      "the other one",
      () => store.snapshot()?.services[0]?.spec?.loadBalancerClass === "second",
    );
    await noProblem(store);
  });

  it("keeps last good versions over a restart, and passwords nowhere", async () => {
    const state = join(root, "state");
    const secret = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "s" },
      stringData: { password: "hush-secret" },
    };
    const peer = {
      apiVersion: "metallb.io/v1beta2",
      kind: "BGPPeer",
      metadata: { name: "r1" },
      spec: { myASN: 64500, peerASN: 64501, peerAddress: "192.0.2.1", password: "hush-inline" },
    };
    await put(
      "x.yaml",
      `${yaml(service("a"))}---\n${yaml(service("b"))}---\n${yaml(secret, peer)}`,
    );
    await put("gone.yaml", yaml(service("gone")));
    const first = await started(state);
    await stop(first);
    for (const file of await readdir(state, { recursive: true, withFileTypes: true }))
      if (file.isFile())
        expect(await readFile(join(file.parentPath, file.name), "utf8")).not.to.contain("hush");

    await put("x.yaml", `${yaml(service("a"))}---\n${yaml(service("b"))}  oops: [\n`);
    await unlink(join(dir, "gone.yaml"));
    const second = await started(state);
    expect(names(second)).to.deep.equal(["a", "b"]);
    expect(second.problems()[0]?.message).to.match(/last good version stays in force/);
    await stop(second);

    await put("x.yaml", "");
    const third = await started(state);
    expect(names(third)).to.deep.equal(["a", "b"]);
    await stop(third);
    expect(names(await started(null))).to.deep.equal([]);
  });

  it("keeps status over a restart, and drops it with its Service, but never while something is broken", async () => {
    await put("x.yaml", yaml(service("a"), service("b"), pool("p", "192.0.2.0/24")));
    const first = await started();
    for (const [name, ip] of [
      ["a", "192.0.2.1"],
      ["b", "192.0.2.2"],
    ] as const)
      await first.writeServiceStatus(`default/${name}`, { ips: [parseIp(ip)], pool: "p" });
    const big = 2n ** 64n;
    await first.writePoolStatus("p", {
      assignedIPv4: 2n,
      assignedIPv6: 0n,
      availableIPv4: 254n,
      availableIPv6: big,
    });
    await stop(first);
    const store = await started();
    expect(store.snapshot()?.services[1]?.status?.loadBalancer?.ingress).to.deep.equal([
      { ip: "192.0.2.2" },
    ]);
    expect(store.snapshot()?.pools[0]?.status?.availableIPv6).to.equal(big);
    const files = () => readdir(join(dir, ".status/Service/default"));
    await put("x.yaml", `${yaml(pool("p", "192.0.2.0/24"))}---\n}}\n`);
    await problemLike(store, /./);
    expect(await files()).to.deep.equal(["a.json", "b.json"]);
    await put("x.yaml", yaml(service("b"), pool("p", "192.0.2.0/24")));
    await eventually("the file of a is gone", async () => (await files()).join() === "b.json");
  });

  it("leaves the status of a Service that comes while others' are being dropped", async () => {
    const at = join(dir, ".status/Service/default");
    await mkdir(at, { recursive: true });
    const text = '{"status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.9"}]}}}';
    const gone = Array.from({ length: 800 }, (_, i) => `gone-${i}.json`);
    await Promise.all(gone.map((name) => writeFile(join(at, name), text)));
    await put("x.yaml", yaml(service("a")));
    const store = await started();
    await put("y.yaml", yaml(service("b")));
    await are(store, "a", "b");
    await store.writeServiceStatus("default/b", { ips: [parseIp("192.0.2.1")], pool: "p" });
    expect((await readdir(at)).length, "still dropping").to.be.greaterThan(100);
    await eventually(
      "all others dropped",
      async () => (await readdir(at)).every((name) => !name.startsWith("gone-")),
      60_000,
    );
    expect(await readdir(at)).to.deep.equal(["b.json"]);
  });

  it("passes over a status file that is no status", async () => {
    await put("x.yaml", yaml(service("a")));
    const store = await started();
    await store.writeServiceStatus("default/a", { ips: [parseIp("192.0.2.1")], pool: "p" });
    const file = join(dir, ".status/Service/default/a.json");
    for (const text of ["", "{", '{"status":{"loadBalancer":7}}', "[]", "\0\0"]) {
      await writeFile(file, text);
      await sleep(30);
      expect(store.snapshot()?.services[0]?.status?.loadBalancer?.ingress).to.deep.equal([
        { ip: "192.0.2.1" },
      ]);
    }
  });

  it("stays cheap with 1000 files: one edit makes one snapshot, the rest stays the same objects", async () => {
    const all = Array.from({ length: 1000 }, (_, i) => `s${String(i).padStart(4, "0")}`);
    await Promise.all(all.map((name) => put(`${name}.yaml`, yaml(service(name)))));
    const store = await started();
    expect(names(store)).to.deep.equal(all);
    const before = store.snapshot()?.services ?? [];
    let told = 0;
    const unhook = store.onChange(() => told++);
    const one = () => store.snapshot()?.services[500];
    const startMs = performance.now();
    await put("s0500.yaml", yaml(service("s0500", { loadBalancerClass: "x" })));
    await eventually("the edit", () => one()?.spec?.loadBalancerClass === "x", 30_000, 1);
    const tookMs = performance.now() - startMs;
    unhook();
    expect(told).to.equal(1);
    const after = store.snapshot()?.services ?? [];
    expect(after.filter((s, i) => s !== before[i]).length).to.equal(1);
    expect(tookMs).to.be.lessThan(5000); // far above what it takes, far below a rescan gone wrong
  });
});
