/**
 * How quickly, and how many, ARP requests and neighbor solicitations are answered: `npx tsx bench/arp.ts
 * [arp|ndp]`, as root. Prints; asserts nothing. BENCH_SECONDS (default 5) is how long each part runs.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { createNet } from "../src/lab/netns.ts";
import { favoured } from "./lab/priority.ts";
import { announcerIn } from "../test/l2/support/announcer.ts";

const CLIENT6 = "2001:db8::fa";
const FAMILIES = {
  arp: Array.from({ length: 100 }, (_, i) => `192.0.2.${i + 100}`),
  ndp: Array.from({ length: 100 }, (_, i) => `2001:db8:1::${i + 100}`),
};
const only = process.argv[2];
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
  await client.exec("ip", "address", "add", `${CLIENT6}/64`, "dev", "eth0", "nodad");
  const announcer = await announcerIn(node, "n1", { refreshMs: 0 });
  const vips = Object.values(FAMILIES).flat();
  announcer.announce(Object.fromEntries(vips.map((ip) => [ip, "*" as const])));
  await announcer.ask("counters");
  for (const [family, [vip = ""]] of Object.entries(FAMILIES)) {
    if (only !== undefined && only !== family) continue;
    const ask = async (rate: number, s: string): Promise<Load> => {
      const args = ["eth0", vip, `${rate}`, s, ...(family === "ndp" ? [CLIENT6] : [])];
      return JSON.parse(await client.exec("nice", "-n", "-15", load, ...args)) as Load;
    };
    while ((await ask(0, "0.3")).replies === 0); // a link-local address takes two seconds to settle
    const measure = async (rate: number): Promise<void> => {
      const before = await cpuSeconds(announcer.pid);
      const { sent, replies, p50Us, p99Us, maxUs } = await ask(rate, seconds);
      const share = ((await cpuSeconds(announcer.pid)) - before) / Number(seconds);
      console.log(
        `${family} ${rate === 0 ? "one at a time" : `${rate}/s`}: ${sent} sent, ${replies} answered, ` +
          `p50 ${p50Us} us, p99 ${p99Us} us, max ${maxUs} us, ${Math.round(share * 100)} % of a core`,
      );
    };
    await favoured([announcer.pid], async () => {
      for (const rate of [0, 1000, 5000, 20_000, 40_000]) await measure(rate);
    });
  }
  announcer.kill();
} finally {
  await net.destroy();
  await rm(directory, { recursive: true, force: true });
}
