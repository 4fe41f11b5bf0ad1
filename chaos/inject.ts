/** Faults made and healed. Each has a way back that works however far it came. */
import { open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import type { Lab } from "../src/lab/lab.ts";
import { NODES } from "../src/lab/plan.ts";
import type { NodeName, RouterName } from "../src/lab/plan.ts";
import { cutLink, mendLink } from "../src/lab/topology.ts";
import type { Fault } from "./schedule.ts";
import { manifestText, nodeManifest, spoilable } from "./world.ts";
import type { Mark, Spot } from "./world.ts";

export type Heal = () => Promise<void>;

export interface Grounds {
  readonly lab: Lab;
  readonly spots: readonly Spot[];
  /** Small file systems of a node: state directory, frr.conf. */
  readonly disks: Readonly<Record<NodeName, readonly string[]>>;
}

export interface Injector {
  /** @throws when the machine refuses; nothing is left then */
  inject(fault: Fault): Promise<Heal>;
}

const signal = (pid: number | null | undefined, name: NodeJS.Signals): void => {
  if (pid == null || pid === 0) return;
  try {
    process.kill(pid, name);
  } catch {
    // it ended meanwhile
  }
};

export function injectorFor({ lab, spots, disks }: Grounds): Injector {
  const files = spoilable(spots);
  const marks = new Map<NodeName, Set<Mark>>(NODES.map((n) => [n, new Set()]));

  const down = async (what: Lab["controller"], how: "SIGKILL" | "SIGTERM"): Promise<Heal> => {
    await what.stop(how);
    return () => {
      what.start();
      return Promise.resolve();
    };
  };
  const paused = (pid: number | null | undefined): Promise<Heal> => {
    signal(pid, "SIGSTOP");
    return Promise.resolve(() => {
      signal(pid, "SIGCONT");
      return Promise.resolve();
    });
  };
  const daemonDown = async (
    frr: Lab["routers"][RouterName],
    daemon: "bgpd" | "zebra" | "bfdd",
  ): Promise<Heal> => {
    await frr.kill(daemon);
    return () => frr.start(daemon);
  };

  /** Frames that cross the bridge. */
  const filtered = async (
    fault: Fault,
    family: "bridge" | "netdev",
    hook: string,
    rules: readonly string[],
  ): Promise<Heal> => {
    const { wire } = lab.places;
    const table = `chaos${fault.id}`;
    const text = `table ${family} ${table} {\n chain c {\n  type filter hook ${hook};\n${rules.map((r) => `  ${r}\n`).join("")} }\n}\n`;
    const file = join(lab.dir, `${table}.nft`);
    await writeFile(file, text);
    await wire.exec("nft", "-f", file);
    return async () => {
      await wire.exec("nft", "delete", "table", family, table);
    };
  };
  const bothWays = (node: NodeName, match: string): readonly string[] =>
    ["iifname", "oifname"].map((side) => `${side} "lan-${node}" ${match}`);
  const betweenNodes = (node: NodeName, match: string): readonly string[] =>
    NODES.filter((other) => other !== node).flatMap((other) => [
      `iifname "lan-${node}" oifname "lan-${other}" ${match}`,
      `iifname "lan-${other}" oifname "lan-${node}" ${match}`,
    ]);

  const marked = async (node: NodeName, mark: Mark): Promise<Heal> => {
    const own = marks.get(node) ?? new Set();
    const write = (): Promise<void> =>
      writeWhole(join(lab.manifests, `node-${node}.yaml`), manifestText([nodeManifest(node, own)]));
    own.add(mark);
    await write();
    return () => {
      own.delete(mark);
      return write();
    };
  };

  const spoilt = async (fault: Fault, spoil: (text: string) => string): Promise<Heal> => {
    const name = files[fault.dice % files.length] ?? "pools";
    const file = join(lab.manifests, `${name}.yaml`);
    const text = await readFile(file, "utf8");
    await writeFile(file, spoil(text)); // in place, as a broken editor or a full disk leaves it
    return () => writeWhole(file, text);
  };

  const filled = async (node: NodeName): Promise<Heal> => {
    const ballast = disks[node].map((disk) => join(disk, "ballast"));
    await Promise.all(ballast.map(fill));
    return async () => {
      await Promise.all(ballast.map((file) => rm(file, { force: true })));
    };
  };

  const hogging = (): Promise<Heal> => {
    const hogs = [1, 2].map(() =>
      execa("sh", ["-c", "while :; do :; done"], { reject: false, stdio: "ignore" }),
    );
    return Promise.resolve(async () => {
      for (const hog of hogs) hog.kill("SIGKILL");
      await Promise.all(hogs);
    });
  };

  return {
    inject(fault) {
      const node = fault.target as NodeName; // where the kind hits a node: the schedule saw to it
      const own = lab.nodes[node];
      switch (fault.kind) {
        case "speaker-kill":
          return down(own.speaker, "SIGKILL");
        case "speaker-term":
          return down(own.speaker, "SIGTERM");
        case "speaker-pause":
          return paused(own.speaker.pid());
        case "controller-kill":
          return down(lab.controller, "SIGKILL");
        case "controller-term":
          return down(lab.controller, "SIGTERM");
        case "controller-pause":
          return paused(lab.controller.pid());
        case "bgpd-kill":
          return daemonDown(own.frr, "bgpd");
        case "bgpd-pause":
          return paused(own.frr.pids().get("bgpd"));
        case "zebra-kill":
          return daemonDown(own.frr, "zebra");
        case "bfdd-kill":
          return daemonDown(own.frr, "bfdd");
        case "bfdd-pause":
          return paused(own.frr.pids().get("bfdd"));
        case "frr-restart":
          return own.frr.restart().then(() => () => Promise.resolve());
        case "link-cut":
          return cutLink(lab.places, node, "lan").then(
            () => () => mendLink(lab.places, node, "lan"),
          );
        case "node-apart":
          return filtered(fault, "bridge", "forward priority 0", betweenNodes(node, "drop"));
        case "gossip-cut":
          return filtered(fault, "bridge", "forward priority 0", [
            ...betweenNodes(node, "udp dport 7946 drop"),
            ...betweenNodes(node, "tcp dport 7946 drop"),
          ]);
        case "packet-loss":
          return filtered(
            fault,
            "bridge",
            "forward priority 0",
            bothWays(node, "numgen random mod 100 < 30 drop"),
          );
        case "packet-twice": {
          const [other] = NODES.filter((n) => n !== node);
          const hook = `ingress device "lan-${node}" priority 0`;
          return filtered(fault, "netdev", hook, [
            `dup to "lan-${other ?? "c1"}"`,
            `dup to "lan-c1"`,
          ]);
        }
        case "rate-limit":
          return filtered(
            fault,
            "bridge",
            "forward priority 0",
            bothWays(node, "limit rate over 60/second drop"),
          );
        case "disk-full":
          return filled(node);
        case "label-exclude":
          return marked(node, "excluded");
        case "network-unavailable":
          return marked(node, "unavailable");
        case "router-bgpd-kill":
          return daemonDown(lab.routers[fault.target as RouterName], "bgpd");
        case "manifest-garbage":
          // Between two fields: inside a text it might be one, and the object another.
          return spoilt(fault, (text) => text.replace("\n", "\n\t{{{ not: [yaml\n"));
        case "manifest-truncated":
          return spoilt(fault, (text) => truncated(text, fault.dice));
        case "cpu-hog":
          return hogging();
      }
    },
  };
}

/** Cut off somewhere inside a document: where it ends between two, nobody could tell it from an edit. */
function truncated(text: string, dice: number): string {
  let cut = text.slice(0, 20 + (dice % (text.length - 40)));
  while (/\n\}\s*-*\s*$/.test(cut)) cut = cut.slice(0, -1);
  return cut;
}

let drafts = 0;

/** The file appears whole or not at all. */
export async function writeWhole(file: string, text: string): Promise<void> {
  const draft = `${file}.${++drafts}.new`;
  await writeFile(draft, text);
  await rename(draft, file);
}

/** Writes until the file system takes no more. */
async function fill(file: string): Promise<void> {
  const handle = await open(file, "w");
  try {
    for (const size of [1 << 16, 1 << 10, 1]) {
      const block = Buffer.alloc(size, "x");
      for (let n = 0; n < 4096; n++)
        if ((await handle.write(block).catch(() => null)) === null) break;
    }
  } finally {
    await handle.close();
  }
}
