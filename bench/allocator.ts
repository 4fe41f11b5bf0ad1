/** Prints what allocation costs: `npx tsx bench/allocator.ts`. Figures are quoted, never asserted. */
import { Controller, DUAL, pool, service } from "../test/allocator/support.ts";
import type { Ask } from "../test/allocator/support.ts";

const time = (what: string, run: () => void): void => {
  const before = process.memoryUsage().heapUsed;
  const [start, cpu] = [performance.now(), process.cpuUsage()];
  run();
  const ms = (performance.now() - start).toFixed(1);
  const spent = process.cpuUsage(cpu);
  const cpuMs = ((spent.user + spent.system) / 1000).toFixed(1);
  const mb = ((process.memoryUsage().heapUsed - before) / 1e6).toFixed(0);
  console.log(
    `${what.padEnd(64)} ${ms.padStart(9)} ms ${cpuMs.padStart(9)} ms CPU ${mb.padStart(4)} MB`,
  );
};

const many = (count: number, ask: (i: number) => Ask) =>
  Array.from({ length: count }, (_, i) => service(`s${i.toString().padStart(6, "0")}`, ask(i)));

const POOLS = {
  "a /16": [pool("p", "198.18.0.0/16")],
  "a /64": [pool("p", "2001:db8::/64")],
  "a /16 and a /64, dual": [pool("p", ["198.18.0.0/16", "2001:db8::/64"])],
};

for (const [name, pools] of Object.entries(POOLS)) {
  const dual = name.includes("dual");
  const v6 = !dual && name.includes("64");
  const ask = (): Ask => ({
    clusterIPs: dual ? DUAL : v6 ? [DUAL[1]!] : [DUAL[0]!],
    policy: dual ? "RequireDualStack" : "SingleStack",
  });
  const controller = new Controller();
  let world = many(10_000, ask);
  time(`10,000 Services from nothing in ${name}`, () => (world = controller.step(pools, world)));
  time(`  adopted by a controller that restarts`, () => void new Controller().step(pools, world));
  time(`  the pass that sees its own writes`, () => (world = controller.step(pools, world)));
  time(`  the pass in which nothing changed`, () => (world = controller.step(pools, world)));
}

{
  const pools = POOLS["a /16"];
  const controller = new Controller();
  let world = many(5_000, () => ({}));
  for (let i = 0; i < 3; i++) world = controller.step(pools, world);
  for (let i = 0; i < 5; i++) {
    world = [...world, service(`new${i}`)];
    time(`one Service created among 5,000`, () => (world = controller.step(pools, world)));
  }
}

{
  const key = { "metallb.io/allow-shared-ip": "k" };
  let world = many(10_000, (i) => ({ annotations: key, ports: [80 + (i % 7)] }));
  const controller = new Controller();
  const pools = POOLS["a /16"];
  time(`10,000 Services with one sharing key and 7 ports`, () => {
    world = controller.step(pools, world);
  });
}

{
  const controller = new Controller();
  const pools = [
    pool("p", "10.0.0.0/8", { avoidBuggyIPs: true, reserved: POOLS["a /16"][0]!.cidrs }),
  ];
  time(
    `a /8 pool, one Service`,
    () =>
      void controller.step(
        pools,
        many(1, () => ({})),
      ),
  );
  const full = [pool("p", "192.0.2.0/24")];
  let world = many(10_000, () => ({}));
  time(`10,000 Services for a /24`, () => (world = new Controller().step(full, world)));
}
