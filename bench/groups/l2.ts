/** How quickly, and how many, ARP requests and neighbor solicitations are answered by a speaker at work. */
import { join } from "node:path";
import { execa } from "execa";
import type { SystemName } from "../core/result.ts";
import { addresses, createEndpoints, createService } from "../lab/objects.ts";
import { CLIENT6 } from "../lab/plan.ts";
import { favoured } from "../lab/priority.ts";
import { drop, fill, poll, rounds, withSession } from "../lab/session.ts";
import type { Bench } from "../lab/session.ts";

interface Load {
  readonly sent: number;
  readonly replies: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

/** Compiles the client that asks; the words that run it. */
export async function buildLoad({ site }: Bench): Promise<string> {
  const load = join(site.dir, "arp-load");
  const source = new URL("../support/arp-load.c", import.meta.url).pathname;
  await execa(process.env["CC"] ?? "cc", ["-O2", "-o", load, source]);
  return load;
}

export async function measureL2(bench: Bench): Promise<void> {
  const { site } = bench;
  await fill(bench, 0);
  const load = await buildLoad(bench);
  const name = "dual";
  await rounds(bench, "l2", "one node", async (system) => {
    await createEndpoints(site.kube, name);
    await createService(site.kube, name, {
      pool: "wire",
      spec: { ipFamilyPolicy: "RequireDualStack" },
    });
    await withSession(bench, system, ["n1"], async ({ speakers }) => {
      const ipsOf = async () => (await addresses(site.kube)).get(name) ?? [];
      await poll(bench, "two addresses", async () => (await ipsOf()).length === 2);
      const pids = [...speakers.values()].map((speaker) => speaker.pid());
      await favoured(pids, async () => {
        for (const ip of await ipsOf()) await oneFamily(bench, system, load, ip);
      });
    });
    await drop(bench, name);
  });
}

async function oneFamily(
  bench: Bench,
  system: SystemName,
  load: string,
  ip: string,
): Promise<void> {
  const { plan, site, ledger } = bench;
  const family = ip.includes(":") ? "ndp" : "arp";
  const ask = async (rate: number, seconds: number): Promise<Load> => {
    const args = ["eth0", ip, `${rate}`, `${seconds}`, ...(family === "ndp" ? [CLIENT6] : [])];
    return JSON.parse(await site.client.exec("nice", "-n", "-15", load, ...args)) as Load;
  };
  await poll(bench, `an answer for ${ip}`, async () => (await ask(0, 0.3)).replies > 0);
  await ask(1000, 0.5);
  const { p50Us, p99Us } = await ask(0, plan.loadS);
  ledger.add(`${family}-p50`, system, [p50Us]);
  ledger.add(`${family}-p99`, system, [p99Us]);
  const { sent, replies } = await ask(plan.loadPerS, plan.loadS);
  const slow = sent < plan.loadPerS * plan.loadS * 0.98;
  ledger.add(
    `${family}-held`,
    system,
    [(100 * replies) / sent],
    slow ? `the machine sent only ${Math.round(sent / plan.loadS)} a second` : undefined,
  );
}
