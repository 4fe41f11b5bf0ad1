/**
 * frr.conf and its delta at size on a real bgpd: from nothing, then one Service more and one less.
 *
 *   node --import tsx bench/scale/frr.ts [--prefixes 10000] [--peers 64] [--frr 8.4|10.3]
 *
 * Prints what each step takes: from objects to a model, to text, to a tree, the delta, and the batch with its reading back.
 */
import { parseArgs } from "node:util";
import { emptySnapshot } from "../../src/api/snapshot.ts";
import type { Snapshot } from "../../src/api/snapshot.ts";
import { nodeBgpFor } from "../../src/bgp/node-bgp.ts";
import { parseConfig } from "../../src/config/parse.ts";
import { deltaFor } from "../../src/frr-config/delta.ts";
import { parseTree } from "../../src/frr-config/tree.ts";
import { desiredFor } from "../../src/frr-templates/desired.ts";
import { engineOn } from "../../test/support/engine.ts";
import { startTestNet } from "../../test/support/router.ts";
import { WORLD, bgpPeer, servicesAt } from "../../test/support/speaking.ts";
import { addressOf } from "./world.ts";

const { values } = parseArgs({
  options: {
    prefixes: { type: "string", default: "10000" },
    peers: { type: "string", default: "64" },
    frr: { type: "string", default: "8.4" },
  },
});
const [prefixes, peers] = [Number(values.prefixes), Number(values.peers)];

async function timed<T>(what: string, work: () => T | Promise<T>): Promise<T> {
  const beganMs = performance.now();
  const result = await work();
  console.log(`${what.padEnd(34)} ${(performance.now() - beganMs).toFixed(1).padStart(9)} ms`);
  return result;
}

const pool = { ...WORLD.pools![0]!, spec: { addresses: ["198.18.0.0/16"] } };
const around: Snapshot = {
  ...emptySnapshot("metallb-system"),
  ...WORLD,
  pools: [pool],
  bgpPeers: Array.from({ length: peers }, (_, i) => bgpPeer(`r${i}`, `192.0.2.${i + 10}`)),
};
const crowd = servicesAt(Array.from({ length: prefixes + 1 }, (_, i) => addressOf(i)));
const world = (count: number): Snapshot => ({
  ...around,
  services: crowd.services.slice(0, count),
  endpointSlices: crowd.endpointSlices,
});

async function bringTo(count: number, label: string): Promise<void> {
  console.log(`-- ${label}`);
  const snapshot = world(count);
  const { config } = await timed("configuration", () => parseConfig(snapshot));
  const bgp = await timed("objects to model", () => nodeBgpFor(config, snapshot, "n1"));
  const desired = await timed("model to text", () => desiredFor(bgp));
  const tree = await timed("text to tree", () => parseTree(desired.text));
  const delta = await timed("delta", () => deltaFor(running, tree));
  const applied = await timed("batch, read back, frr.conf", () =>
    engine.apply(desired, new AbortController().signal),
  );
  const lines = desired.text.split("\n").length;
  console.log(`   ${lines} lines, ${delta.commands.length} commands: ${applied.kind}`);
  running = tree;
}

const net = await startTestNet();
const space = await net.net.namespace("node");
const version = values.frr === "10.3" ? "10.3" : "8.4";
const frr = await net.frr({ name: "node", netns: space.name, version, config: "", listen: false });
const engine = engineOn(frr, { timeoutMs: 60_000 });
let running = parseTree("");
try {
  console.log(`FRR ${version}, ${prefixes} prefixes, ${peers} peers`);
  await bringTo(prefixes, "from nothing");
  await bringTo(prefixes + 1, "one Service more");
  await bringTo(prefixes, "one Service less");
} finally {
  await engine.close();
  await net.close();
}
