/** Faults of the wire: frames that are dropped, doubled or late, at a node's port of the bridge. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Lab } from "../src/lab/lab.ts";
import type { Netns } from "../src/lab/netns.ts";
import { NODES } from "../src/lab/plan.ts";
import type { NodeName } from "../src/lab/plan.ts";
import type { Heal } from "./ground.ts";

export interface WireFaults {
  /** Frames both ways between the node and anyone that `match` (nftables) and its verdict are for. */
  bothWays(id: number, node: NodeName, match: string): Promise<Heal>;
  /** ... between the node and the other nodes. */
  betweenNodes(id: number, node: NodeName, ...matches: readonly string[]): Promise<Heal>;
  /** What the node sends arrives twice. */
  twice(id: number, node: NodeName): Promise<Heal>;
  /** What it sends and what is sent to it is late. */
  late(node: NodeName): Promise<Heal>;
}

export function wireFaults({ places, dir }: Pick<Lab, "places" | "dir">): WireFaults {
  const { wire } = places;
  const table = async (
    id: number,
    family: "bridge" | "netdev",
    hook: string,
    rules: readonly string[],
  ): Promise<Heal> => {
    const name = `chaos${id}`;
    const lines = rules.map((rule) => `  ${rule}\n`).join("");
    const file = join(dir, `${name}.nft`);
    await writeFile(
      file,
      `table ${family} ${name} {\n chain c {\n  type filter hook ${hook};\n${lines} }\n}\n`,
    );
    await wire.exec("nft", "-f", file);
    return async () => {
      await wire.exec("nft", "delete", "table", family, name);
    };
  };
  const forwarded = (id: number, rules: readonly string[]): Promise<Heal> =>
    table(id, "bridge", "forward priority 0", rules);
  return {
    bothWays: (id, node, match) =>
      forwarded(
        id,
        ["iifname", "oifname"].map((side) => `${side} "lan-${node}" ${match}`),
      ),
    betweenNodes: (id, node, ...matches) =>
      forwarded(
        id,
        matches.flatMap((match) =>
          NODES.filter((other) => other !== node).flatMap((other) => [
            `iifname "lan-${node}" oifname "lan-${other}" ${match}`,
            `iifname "lan-${other}" oifname "lan-${node}" ${match}`,
          ]),
        ),
      ),
    twice(id, node) {
      const [other] = NODES.filter((n) => n !== node);
      const hook = `ingress device "lan-${node}" priority 0`;
      return table(id, "netdev", hook, [`dup to "lan-${other ?? "c1"}"`, `dup to "lan-c1"`]);
    },
    async late(node) {
      const toNode = await gate(wire, `lan-${node}`);
      const fromNode = await gate(places[node], "eth0").catch(async (error: unknown) => {
        await toNode();
        throw error;
      });
      return async () => {
        await Promise.all([toNode(), fromNode()]);
      };
    },
  };
}

/**
 * A token bucket that is all but shut for 0.15 s and open for 0.02 s, in turn: frames wait behind it, in order, and none
 * is lost. `mpu` has each frame count as a long one while it is shut, so that short ones do not slip through in a burst.
 */
const SHUT = "rate 64kbit burst 1600b mpu 1500 limit 4mb";
const OPEN = "rate 1gbit burst 64kb limit 4mb";

async function gate(place: Netns, device: string): Promise<Heal> {
  await place.exec("tc", "qdisc", "add", "dev", device, "root", "tbf", ...OPEN.split(" "));
  const turn = `qdisc change dev ${device} root tbf`;
  const loop = `while :; do echo "${turn} ${SHUT}"; sleep 0.15; echo "${turn} ${OPEN}"; sleep 0.02; done`;
  // First in the queue of the processor: a gate that is kept from opening would be another fault.
  const script = `(${loop}) | tc -batch -`;
  const running = place.spawn("nice", "-n", "-15", "setsid", "sh", "-c", script);
  return async () => {
    process.kill(-running.pid, "SIGKILL"); // all of its session
    await running.ended;
    await place.exec("tc", "qdisc", "del", "dev", device, "root");
  };
}
