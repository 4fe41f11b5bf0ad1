/** The FRR container as the manifests have it: a read-only root, and exactly the capabilities that FRR needs. */
import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import { cacheDir } from "../../src/lab/frr-root.ts";
import { manifestsIn } from "../support/deploy-tools.ts";
import { isRoot } from "../support/lab.ts";

interface Pod {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly containers: readonly {
          readonly name: string;
          readonly securityContext: {
            readonly capabilities: {
              readonly drop: readonly string[];
              readonly add: readonly string[];
            };
          };
        }[];
      };
    };
  };
}
const ROOT = join(cacheDir(), "frr-10.3");
const flags = (names: readonly string[]) => names.map((n) => `,+${n.toLowerCase()}`).join("");

describe("the FRR container", function () {
  this.timeout(120_000);
  let shipped: readonly string[];
  before(async function () {
    const there = await access(join(ROOT, "usr/lib/frr/watchfrr")).then(
      () => true,
      () => false,
    );
    if (!isRoot() || !there) this.skip(); // a root with FRR 10.3 and the right to enter it
    const text = await readFile("deploy/manifests/ferrolb-frr.yaml", "utf8");
    const pod = manifestsIn(text).get("DaemonSet metallb-system/speaker") as unknown as Pod;
    const frr = pod.spec.template.spec.containers.find(({ name }) => name === "frr");
    expect(frr?.securityContext.capabilities.drop).to.deep.equal(["ALL"]);
    shipped = frr?.securityContext.capabilities.add ?? [];
  });
  const run = async (capabilities: readonly string[], command = ""): Promise<string> => {
    const script = [join(import.meta.dirname, "sidecar.sh"), ROOT, flags(capabilities), command];
    const space = ["-m", "-n", "-p", "-f", "--mount-proc", "--kill-child", ...script];
    return (await execa("unshare", space, { reject: false, all: true })).all;
  };
  const without = (name: string) => shipped.filter((n) => n !== name);
  /** What watchfrr does to a daemon that hangs. */
  const END =
    "pid=$(cat /run/frr/staticd.pid); /usr/lib/frr/watchfrr.sh stop staticd; sleep 1; [ -d /proc/$pid ] || echo ended";

  it("starts every daemon, as the speaker's group, and can end one", async () => {
    const said = await run(shipped, `ls -l /run/frr; ${END}`);
    expect(said).to.match(/^ALIVE$/m);
    expect(said).to.match(/^srwxrwx--- .* bgpd\.vty$/m);
    expect(said).to.match(/^ended$/m);
    expect(said).not.to.match(/denied|not permitted|read-only/i);
  });

  const needed: [name: string, otherwise: RegExp][] = [
    ["NET_ADMIN", /Wanted caps: .*cap_net_admin/],
    ["NET_RAW", /Wanted caps: .*cap_net_raw/],
    ["SYS_ADMIN", /Wanted caps: .*cap_sys_admin/],
    ["NET_BIND_SERVICE", /Wanted caps: .*cap_net_bind_service/],
    ["SETUID", /could not setreuid/],
    ["SETGID", /could not setgroups/],
    ["CHOWN", /failed to open thread log buffer/],
  ];
  for (const [name, otherwise] of needed)
    it(`needs ${name}`, async () => {
      expect(await run(without(name))).to.match(otherwise);
    });

  it("needs KILL: without it a daemon that hangs stays", async () => {
    expect(await run(without("KILL"), END)).not.to.match(/^ended$/m);
  });

  it("has no other", () => {
    expect([...shipped].sort()).to.deep.equal([...needed.map(([name]) => name), "KILL"].sort());
  });
});
