/** Ours beside the real thing: hashicorp/memberlist (a small Go program) and Debian's serf, on loopback. */
import { expect } from "chai";
import { execa } from "execa";
import { systemClock } from "../../src/membership/clock.ts";
import { keyFromSecret } from "../../src/membership/keyring.ts";
import { Memberlist } from "../../src/membership/memberlist.ts";
import type { MemberlistOptions } from "../../src/membership/options.ts";
import { encodeMessage } from "../../src/membership/messages.ts";
import { sealPacket } from "../../src/membership/packet.ts";
import { PROFILES } from "../../src/membership/profiles.ts";
import { bindTransport } from "../../src/membership/transport.ts";
import type { Endpoint } from "../../src/membership/transport.ts";
import { eventually } from "../support/wait.ts";
import { Peer, buildPeer } from "../support/memberlist-peer/peer.ts";

const KEY = keyFromSecret(new TextEncoder().encode("0123456789abcdefghijkl"))!;
const PORT = 20_000 + (process.pid % 20_000);
const at = (host: number): Endpoint => ({ addr: Uint8Array.of(127, 77, 0, host), port: PORT });
const textAt = (host: number): string => `127.77.0.${host}`;

const until = (condition: () => boolean | Promise<boolean>): Promise<boolean> =>
  eventually(condition.toString(), condition, 30_000, 20);

const running: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of running.splice(0).reverse()) await stop();
});

async function ours(
  host: number,
  seeds: readonly number[] = [],
  over: Partial<MemberlistOptions> = {},
): Promise<Memberlist> {
  const node = new Memberlist({
    name: `ours-${host}`,
    transport: await bindTransport(textAt(host), PORT),
    timing: PROFILES.fast,
    clock: systemClock,
    random: Math.random,
    keys: [KEY],
    seeds: () => seeds.map(at),
    ...over,
  });
  node.start();
  running.push(() => node.close());
  return node;
}
const names = (node: Memberlist): string[] => node.members().map((m) => m.name);
const stateOf = (node: Memberlist, name: string): string | undefined =>
  node.records().find((m) => m.name === name)?.state;
const incarnationOf = (node: Memberlist, name: string): number =>
  node.records().find((m) => m.name === name)?.incarnation ?? -1;

describe("beside hashicorp/memberlist", function () {
  this.timeout(60_000);
  let binary: string | null;
  before(async function () {
    this.timeout(300_000);
    binary = await buildPeer();
    if (binary === null) {
      if (process.env["CI"] === "true")
        throw new Error("Go is missing: cannot build the real member");
      this.skip(); // no Go toolchain: the real library can't be built
    }
  });
  const theirs = (host: number, ...args: string[]): Peer => {
    const peer = new Peer(binary ?? "", [
      ...["-name", `theirs-${host}`, "-bind", textAt(host), "-port", String(PORT)],
      ...["-key", Buffer.from(KEY).toString("hex"), "-probe", "200ms", ...args],
    ]);
    running.push(() => peer.kill());
    return peer;
  };

  it("ours joins theirs, encrypted, and both see each other", async () => {
    const peer = theirs(2);
    await until(() => peer.saw("ready"));
    const node = await ours(1, [2]);
    await until(() => names(node).includes("theirs-2") && peer.saw("join", "ours-1"));
  });

  it("theirs joins ours; a third of either kind is learned by gossip", async () => {
    const node = await ours(1);
    const second = theirs(2, "-join", `${textAt(1)}:${PORT}`);
    await until(() => names(node).includes("theirs-2"));
    const third = await ours(3, [1]);
    const fourth = theirs(4, "-join", `${textAt(2)}:${PORT}`);
    await until(() => names(node).length === 4 && names(third).length === 4);
    await until(() => second.saw("join", "ours-3") && fourth.saw("join", "ours-3"));
  });

  it("a wrong key keeps both apart", async () => {
    const peer = theirs(2);
    await until(() => peer.saw("ready"));
    const node = await ours(1, [2], { keys: [new Uint8Array(32).fill(7)] });
    expect(await node.join([at(2)])).to.equal(0);
    expect(names(node)).to.deep.equal(["ours-1"]);
    expect(peer.saw("join", "ours-1")).to.equal(false);
  });

  it("good-byes are heard both ways", async () => {
    const leaver = await ours(1, [2]);
    const node = await ours(3, [2]);
    const peer = theirs(2);
    await until(() => names(node).length === 3 && peer.saw("join", "ours-1"));
    await leaver.leave(1000);
    await until(() => peer.saw("leave", "ours-1") && stateOf(node, "ours-1") === "left");
    peer.say("leave");
    await until(() => stateOf(node, "theirs-2") === "left");
  });

  it("crashes are noticed both ways", async () => {
    const peer = theirs(2);
    await until(() => peer.saw("ready")); // theirs tries to join once
    const other = theirs(4, "-join", `${textAt(2)}:${PORT}`);
    const node = await ours(3, [2]);
    const crasher = await ours(1, [2]);
    await until(() => names(node).length === 4 && other.saw("join", "ours-1"));
    await crasher.close();
    await until(() => stateOf(node, "ours-1") === "dead" && other.saw("leave", "ours-1"));
    await peer.kill();
    await until(() => stateOf(node, "theirs-2") === "dead" && other.saw("leave", "theirs-2"));
  });

  it("theirs, wrongly accused by us, refutes; ours, wrongly accused to them, refutes", async () => {
    const peer = theirs(2);
    const node = await ours(1, [2]);
    const watcher = await ours(3, [2]);
    await until(
      () => names(node).length === 3 && names(watcher).length === 3 && peer.saw("join", "ours-1"),
    );
    const accuser = await bindTransport(textAt(9), PORT);
    running.push(() => accuser.close());
    const wire = { keys: [KEY], label: new Uint8Array(), skipInboundLabelCheck: false };
    for (const accused of ["theirs-2", "ours-1"]) {
      const before = incarnationOf(watcher, accused);
      const octets = sealPacket(
        encodeMessage({ kind: "suspect", incarnation: before, node: accused, from: "ours-3" }),
        { ...wire, verifyIncoming: true, verifyOutgoing: true, compression: true },
      );
      for (const host of [1, 2, 3]) accuser.send(octets, at(host));
      await until(
        () => incarnationOf(watcher, accused) > before && stateOf(watcher, accused) === "alive",
      );
    }
    expect(peer.saw("leave")).to.equal(false);
  });

  it("stopped for seconds and continued, theirs comes back by refuting its death", async () => {
    const peer = theirs(2);
    const node = await ours(1, [2]);
    await until(() => names(node).length === 2);
    await peer.kill("SIGSTOP");
    await until(() => stateOf(node, "theirs-2") === "dead");
    await peer.kill("SIGCONT");
    await until(() => stateOf(node, "theirs-2") === "alive" && incarnationOf(node, "theirs-2") > 1);
  });

  it("metadata travels both ways", async () => {
    const peer = theirs(2);
    const node = await ours(1, [2], { meta: new TextEncoder().encode("ours: first") });
    await until(() => peer.events.some((e) => e.event === "join" && e.meta === "ours: first"));
    node.setMeta(new TextEncoder().encode("ours: second"));
    await until(() => peer.events.some((e) => e.event === "update" && e.meta === "ours: second"));
    peer.say("meta theirs: new");
    await until(() =>
      node.members().some((m) => Buffer.from(m.meta ?? []).toString() === "theirs: new"),
    );
  });
});

describe("beside serf", function () {
  this.timeout(60_000);
  const RPC = PORT + 1;
  const serf = (...args: string[]) => execa("serf", args, { reject: false });
  before(async function () {
    if ((await serf("version")).failed) {
      if (process.env["CI"] === "true") throw new Error("serf is missing");
      this.skip(); // Debian's serf is not installed
    }
  });
  /** Serf's delegate versions; ours must agree with them to merge. */
  const SERF_VERSIONS = Uint8Array.of(1, 5, 2, 2, 5, 4);
  const agent = async (
    host: number,
    ...args: string[]
  ): Promise<{ rpc: string; kill: () => Promise<unknown> }> => {
    const rpc = `127.77.0.${host}:${RPC}`;
    const child = execa(
      "serf",
      [
        ...["agent", `-node=serf-${host}`, `-bind=${textAt(host)}:${PORT}`, `-rpc-addr=${rpc}`],
        ...[`-encrypt=${Buffer.from(KEY).toString("base64")}`, ...args],
      ],
      { reject: false, stdout: "ignore", stderr: "ignore" },
    );
    const kill = async (): Promise<unknown> => {
      child.kill("SIGKILL");
      return child;
    };
    running.push(kill);
    await until(async () => !(await serf("members", `-rpc-addr=${rpc}`)).failed);
    return { rpc, kill };
  };
  const membersAt = async (rpc: string): Promise<string> =>
    (await serf("members", `-rpc-addr=${rpc}`)).stdout;

  it("joins, is seen, follows tags, sees leave and crash, and is missed when it goes", async () => {
    const first = await agent(2);
    const node = await ours(1, [2], { versions: SERF_VERSIONS });
    await until(() => names(node).includes("serf-2"));
    await until(async () => /ours-1 .*alive/.test(await membersAt(first.rpc)));
    const second = await agent(3, `-join=${textAt(1)}:${PORT}`);
    await until(() => names(node).includes("serf-3"));
    await serf("tags", `-rpc-addr=${second.rpc}`, "-set", "zone=b");
    await until(() =>
      node.members().some((m) => m.name === "serf-3" && Buffer.from(m.meta ?? []).includes("zone")),
    );
    await serf("leave", `-rpc-addr=${second.rpc}`);
    await until(() => stateOf(node, "serf-3") === "left");
    const third = await agent(4, `-join=${textAt(1)}:${PORT}`);
    await until(() => names(node).includes("serf-4"));
    await third.kill();
    await until(() => stateOf(node, "serf-4") === "dead");
    await node.leave(1000);
    // Without serf's own leave intent it calls a good-bye "failed".
    await until(async () => /ours-1 .*failed/.test(await membersAt(first.rpc)));
  });
});
