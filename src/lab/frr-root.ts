/**
 * Where the FRR of each version comes from. 8.4 is the one installed here (Debian 12); 10.3 is Debian 13's,
 * unpacked once into a root below the cache and started through that root's own dynamic loader, so its
 * daemons and its vtysh see the paths of this machine.
 */
import { access } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { AppError } from "../errors.ts";

export type FrrVersion = "8.4" | "10.3";
export const FRR_VERSIONS: readonly FrrVersion[] = ["8.4", "10.3"];

/** How to start programs of one FRR: `vtysh` and a daemon, each as a command and its first arguments. */
export interface FrrPrograms {
  readonly version: FrrVersion;
  readonly daemons: readonly Daemon[];
  vtysh(): readonly string[];
  daemon(name: Daemon): readonly string[];
}

/** In the order in which they are started. */
export const DAEMONS = ["mgmtd", "zebra", "staticd", "bfdd", "bgpd"] as const;
export type Daemon = (typeof DAEMONS)[number];

export const cacheDir = (): string => process.env["FERROLB_CACHE"] ?? "/var/cache/ferrolb";

/**
 * @throws AppError `ERR_ENVIRONMENT` where that FRR is missing and cannot be fetched
 */
export async function frrPrograms(version: FrrVersion): Promise<FrrPrograms> {
  switch (version) {
    case "8.4":
      if (!(await exists("/usr/lib/frr/bgpd")))
        throw new AppError("ERR_ENVIRONMENT", "FRR is not installed: apt-get install frr");
      return {
        version,
        daemons: await installedDaemons(),
        vtysh: () => ["/usr/bin/vtysh"],
        daemon: (name) => [join("/usr/lib/frr", name)],
      };
    case "10.3": {
      const root = await buildRoot();
      const inRoot = (program: string, path: string): readonly string[] => {
        const libs = join(root, "usr/lib/x86_64-linux-gnu");
        const loader = join(root, "lib64/ld-linux-x86-64.so.2");
        const search = `${libs}:${join(libs, "frr")}`;
        return [loader, "--argv0", program, "--library-path", search, join(root, path)];
      };
      return {
        version,
        daemons: DAEMONS,
        vtysh: () => inRoot("vtysh", "usr/bin/vtysh"),
        daemon: (name) => inRoot(name, `usr/lib/frr/${name}`),
      };
    }
  }
}

/** mgmtd came with FRR 9: where the installed one is newer than Debian 12's, it is needed. */
async function installedDaemons(): Promise<readonly Daemon[]> {
  const hasMgmtd = await exists("/usr/lib/frr/mgmtd");
  return DAEMONS.filter((d) => d !== "mgmtd" || hasMgmtd);
}

/** The root of Debian 13 with FRR 10.3, built when it is missing (about 20 s, from the Debian mirror). */
async function buildRoot(): Promise<string> {
  const root = join(cacheDir(), "frr-10.3");
  if (await exists(join(root, "usr/lib/frr/bgpd"))) return root;
  const fresh = `${root}.${process.pid}`;
  const packages = "--include=frr,frr-pythontools,iproute2";
  try {
    await execa("mkdir", ["-p", cacheDir()]);
    await execa("mmdebstrap", ["--variant=minbase", packages, "trixie", fresh]);
    // Someone else may have been quicker: then theirs stays.
    await execa("mv", ["-T", "-n", fresh, root]);
  } catch (cause) {
    throw new AppError("ERR_ENVIRONMENT", "cannot build the root of FRR 10.3", { cause });
  } finally {
    await execa("rm", ["-rf", fresh], { reject: false });
  }
  return root;
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
