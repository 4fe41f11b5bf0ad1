/**
 * Where a `.cpuprofile` spent its time: by function itself, and by function with all it calls.
 *
 *   node --import tsx bench/scale/hot.ts FILE [--last SECONDS] [--top 40]
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";

interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      readonly lineNumber: number;
    };
    readonly children?: readonly number[];
  }[];
  readonly startTime: number;
  readonly endTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { last: { type: "string", default: "30" }, top: { type: "string", default: "40" } },
});
const profile = JSON.parse(readFileSync(positionals[0] ?? "", "utf8")) as Profile;
const [lastS, top] = [Number(values.last), Number(values.top)];

const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
const parents = new Map(
  profile.nodes.flatMap((n) => (n.children ?? []).map((c) => [c, n.id] as const)),
);
const nameOf = (id: number): string => {
  const { functionName, url, lineNumber } = nodes.get(id)!.callFrame;
  return `${functionName === "" ? "(anonymous)" : functionName} ${url.split("/").at(-1)}:${lineNumber + 1}`;
};

const [self, total] = [new Map<string, number>(), new Map<string, number>()];
const add = (to: Map<string, number>, name: string, ms: number): void => {
  to.set(name, (to.get(name) ?? 0) + ms);
};
let at = profile.startTime;
const fromUs = profile.endTime - lastS * 1e6;
profile.samples.forEach((id, i) => {
  const us = profile.timeDeltas[i] ?? 0;
  at += us;
  if (at < fromUs) return;
  add(self, nameOf(id), us / 1000);
  const seen = new Set<string>();
  for (let node: number | undefined = id; node !== undefined; node = parents.get(node)) {
    const name = nameOf(node);
    if (!seen.has(name)) add(total, name, us / 1000);
    seen.add(name);
  }
});

for (const [title, found] of [
  ["itself", self],
  ["with what it calls", total],
] as const) {
  console.log(`${title}, ms of the last ${lastS} s:`);
  for (const [name, ms] of [...found].sort((a, b) => b[1] - a[1]).slice(0, top))
    console.log(`${ms.toFixed(0).padStart(8)}  ${name}`);
}
