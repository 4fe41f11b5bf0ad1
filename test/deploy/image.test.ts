/**
 * The images. What the Containerfile says is held to the manifests here; with FERROLB_IMAGE=1 (`npm run soak image`, minutes)
 * Debian's buildah builds both on a root made by mmdebstrap, and what is inside runs.
 */
import { access, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import { cacheDir } from "../../src/lab/frr-root.ts";
import { manifestsIn } from "../support/deploy-tools.ts";
import { isRoot } from "../support/lab.ts";

const FILE = "deploy/image/Containerfile";
const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

describe("the Containerfile", () => {
  it("is built on bases that the builder names, and on no architecture", async () => {
    const text = await readFile(FILE, "utf8");
    const bases = [...text.matchAll(/^FROM (\S+)/gm)].map(([, base]) => base);
    expect(bases).to.deep.equal(["${FRR_IMAGE}", "frr", "frr", "${NODE_IMAGE}"]);
    expect(text).not.to.match(/amd64|arm64|x86_64|aarch64|--platform=/);
  });

  it("has the programs that the manifests start", async () => {
    const text = await readFile("deploy/manifests/ferrolb-frr.yaml", "utf8");
    const named = [...text.matchAll(/\/opt\/ferrolb\/libexec\/([\w-]+)/g)].map(
      ([, name]) => name ?? "",
    );
    expect(new Set(named)).to.deep.equal(new Set(["frr-alive", "frr-files", "frr-start"]));
    for (const name of named)
      expect(await exists(join("deploy/image/libexec", name))).to.equal(true);
    const images = [...manifestsIn(text).values()].flatMap((o) =>
      [...JSON.stringify(o).matchAll(/"image":"([^"]+)"/g)].map(([, image]) => image),
    );
    const version = (JSON.parse(await readFile("package.json", "utf8")) as { version: string })
      .version;
    expect(new Set(images)).to.deep.equal(
      new Set([`ferrolb/controller:${version}`, `ferrolb/speaker:${version}`]),
    );
  });
});

const builtImages = function (this: Mocha.Suite): void {
  this.timeout(30 * 60_000);
  let dir = "";
  let store: string[] = [];
  before(async function () {
    if (!isRoot()) this.skip(); // images are made of files of root
    dir = await mkdtemp(join(tmpdir(), `ferrolb-${process.pid}-image-`));
    store = ["--root", join(dir, "store"), "--runroot", join(dir, "run")];
    await base();
    for (const target of ["speaker", "controller"]) await build(target);
  });
  after(async () => {
    if (dir === "") return;
    await buildah("rm", "--all");
    await execa("rm", ["-rf", dir]);
    await rm(dir, { recursive: true, force: true });
  });

  const env = { BUILDAH_ISOLATION: "chroot", STORAGE_DRIVER: "vfs" };
  const buildah = async (...args: readonly string[]): Promise<string> =>
    (await execa("buildah", [...store, ...args], { env })).stdout;
  /** In the part of an FRR image and of a Node image: Debian 13 with FRR, Node, a compiler, and this machine's npm. */
  const base = async (): Promise<void> => {
    const tar = join(cacheDir(), "image-base.tar");
    if (!(await exists(tar))) {
      const packages =
        "frr,iproute2,nodejs,tini,build-essential,python3,libnode-dev,ca-certificates";
      const fresh = `${tar}.${process.pid}.tar`;
      await execa("mmdebstrap", ["--variant=minbase", `--include=${packages}`, "trixie", fresh]);
      await execa("mv", [fresh, tar]);
    }
    const npm = (await execa("npm", ["root", "-g"])).stdout;
    const box = await buildah("from", "scratch");
    await buildah("add", "--quiet", box, tar, "/");
    await buildah("add", "--quiet", box, join(npm, "npm"), "/usr/lib/node_modules/npm");
    await buildah(
      "run",
      box,
      "--",
      "ln",
      "-sf",
      "../lib/node_modules/npm/bin/npm-cli.js",
      "/usr/bin/npm",
    );
    await buildah("commit", "--quiet", "--rm", box, "localhost/ferrolb-base");
  };
  /** npm's own settings come along: a machine may reach packages in its own way. */
  const build = async (target: string): Promise<void> => {
    const files = ["userconfig", "globalconfig", "cafile"].map((name) => ["config", "get", name]);
    const paths = await Promise.all(files.map(async (args) => (await execa("npm", args)).stdout));
    const volumes: string[] = [];
    for (const path of paths)
      if (path.startsWith("/") && (await exists(path)))
        volumes.push("--volume", `${path}:${path}:ro`);
    const bases = ["FRR_IMAGE", "NODE_IMAGE"].flatMap((n) => [
      "--build-arg",
      `${n}=localhost/ferrolb-base`,
    ]);
    const options = ["--layers", "--network", "host", ...volumes, ...bases, "-f", FILE];
    await buildah(
      "build",
      ...options,
      "--target",
      target,
      "-t",
      `localhost/ferrolb-${target}`,
      ".",
    );
  };
  const inside = async (target: string, ...command: readonly string[]): Promise<string> => {
    const box = await buildah("from", `localhost/ferrolb-${target}`);
    const said = await buildah("run", "--network", "host", box, "--", ...command);
    await buildah("rm", box);
    return said;
  };
  const unshare = ["-m", "-n", "-p", "-f", "--mount-proc", "--kill-child"];

  it("the speaker's has the program, both addons, FRR, and root in its groups", async () => {
    expect(await inside("speaker", "ferrolb", "--version")).to.match(/^\d+\.\d+\.\d+$/);
    expect(await inside("speaker", "ferrolb", "speaker", "--help")).to.contain("ferrolb speaker");
    expect(await inside("speaker", "id", "root")).to.match(/\(frr\).*\(frrvty\)/);
    expect(await inside("speaker", "vtysh", "--help")).to.contain("Integrated shell");
    const load =
      'cd /opt/ferrolb && node -e \'require("raw-socket"); require("./dist/addon/build/Release/packet.node")\'';
    await inside("speaker", "sh", "-c", load);
  });

  it("speaker and FRR run from it, as two containers of one Pod", async () => {
    const box = await buildah("from", "localhost/ferrolb-speaker");
    const root = await buildah("mount", box);
    const speaker =
      "timeout 20 ferrolb speaker --allocate --manifests /mnt/manifests --node-name n1 --state-dir /tmp/state --port 0 --health-probe-port 0";
    const look = "sleep 15; VTYSH_HISTFILE=/dev/null vtysh -c 'show running-config'; wait";
    const caps = [
      "net_admin",
      "net_raw",
      "sys_admin",
      "net_bind_service",
      "setuid",
      "setgid",
      "chown",
      "kill",
    ];
    const { all } = await execa(
      "unshare",
      [
        ...unshare,
        "test/deploy/sidecar.sh",
        root,
        caps.map((c) => `,+${c}`).join(""),
        `${speaker} & ${look}`,
      ],
      {
        env: { COMMAND_CAPABILITIES: ",+net_raw", MANIFESTS: "hack/kind-frr-lab/manifests" },
        all: true,
        reject: false,
      },
    );
    await buildah("umount", box);
    expect(all).to.contain("ALIVE");
    expect(all).to.match(/^ +network 203\.0\.113\.\d+\/32 route-map/m);
    expect(all).not.to.match(/denied|EACCES|EPERM|ERR_NO_CAPABILITY/);
  });

  it("the controller's runs as nobody on a root that is read-only", async () => {
    const box = await buildah("from", "localhost/ferrolb-controller");
    const root = await buildah("mount", box);
    const script = `chmod 755 ${root} && mount --make-rprivate / && mount --bind ${root} ${root} && mount -o remount,bind,ro ${root} &&
      mount -t tmpfs -o mode=777 t ${root}/tmp && mount -t tmpfs -o mode=777 t ${root}/mnt &&
      mount -t proc p ${root}/proc && mount --rbind /dev ${root}/dev &&
      cp -r hack/kind-frr-lab/manifests ${root}/mnt/m && chmod -R a+rwX ${root}/mnt/m &&
      chroot --userspec=65534:65534 ${root} timeout 30 ferrolb controller --manifests /mnt/m --state-dir /tmp/s --port 0 --health-probe-port 0;
      ls ${root}/mnt/m/.status`;
    const { all } = await execa("unshare", [...unshare, "bash", "-c", script], {
      all: true,
      reject: false,
    });
    await buildah("umount", box);
    expect(all)
      .to.contain('"msg":"allocated"')
      .and.to.match(/service/i);
    expect(all).to.contain('"signal":"SIGTERM"').and.to.contain('"msg":"stopped"');
    expect(await inside("controller", "ferrolb", "--version")).to.match(/^\d/);
  });
};
if (process.env["FERROLB_IMAGE"] === "1") describe("the images, built", builtImages);
