/**
 * How quickly, and how many, ARP requests are answered: `npx tsx bench/arp.ts`, as root. Prints; asserts
 * nothing. BENCH_SECONDS (default 5) is how long each part runs.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { createNet } from "../src/lab/netns.ts";
import { announcerIn } from "../test/l2/support/announcer.ts";

const VIP = "192.0.2.100";
const seconds = process.env["BENCH_SECONDS"] ?? "5";

interface Load {
  readonly sent: number;
  readonly replies: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
}

const TICKS_PER_SECOND = 100;
/** CPU seconds of a process so far, user and system. */
async function cpuSeconds(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, "utf8")).split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

const directory = await mkdtemp(join(tmpdir(), "ferrolb-bench-"));
const net = createNet();
try {
  const load = join(directory, "arp-load");
  const source = new URL("support/arp-load.c", import.meta.url).pathname;
  await execa(process.env["CC"] ?? "cc", ["-O2", "-o", load, source]);
  const [node, client] = [await net.namespace("n1"), await net.namespace("c1")];
  await net.veth({ ns: node, dev: "eth0" }, { ns: client, dev: "eth0" });
  const announcer = await announcerIn(node, "n1", { refreshMs: 0 });
  const vips = Array.from({ length: 100 }, (_, i) => `192.0.2.${i + 100}`);
  announcer.announce(Object.fromEntries(vips.map((ip) => [ip, "*" as const])));
  await announcer.ask("counters");
  for (const rate of [0, 1000, 5000, 20_000, 40_000]) {
    const before = await cpuSeconds(announcer.pid);
    const result = JSON.parse(await client.exec(load, "eth0", VIP, `${rate}`, seconds)) as Load;
    const share = ((await cpuSeconds(announcer.pid)) - before) / Number(seconds);
    const { sent, replies, p50Us, p99Us, maxUs } = result;
    console.log(
      `${rate === 0 ? "one at a time" : `${rate}/s`}: ${sent} sent, ${replies} answered, ` +
        `p50 ${p50Us} us, p99 ${p99Us} us, max ${maxUs} us, ${Math.round(share * 100)} % of a core`,
    );
  }
  announcer.kill();
} finally {
  await net.destroy();
  await rm(directory, { recursive: true, force: true });
}
