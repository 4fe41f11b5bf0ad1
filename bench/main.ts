/** `npm run bench`: FerroLB beside MetalLB on this machine, without Docker (docs/benchmarks.md). */
import { CommanderError } from "commander";
import type { Result } from "./core/result.ts";
import { rowsFor } from "./core/rows.ts";
import { notesOf, plainTable } from "./core/table.ts";
import { machine, save, savedIn } from "./output.ts";
import { parseOptions } from "./options.ts";
import type { Options } from "./options.ts";
import { run } from "./run.ts";

const INTERRUPTED = 130;
const AGAIN_MS = 1000;

async function main(options: Options): Promise<number> {
  const end = new AbortController();
  // The first time in order; whoever asks again has waited long enough. npm and tsx pass one signal on twice.
  let askedMs = 0;
  const interrupt = (): void => {
    if (end.signal.aborted && Date.now() - askedMs > AGAIN_MS) process.exit(INTERRUPTED);
    if (end.signal.aborted) return;
    askedMs = Date.now();
    process.stderr.write("bench: interrupted, removing what was started\n");
    end.abort(new Error("interrupted"));
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, interrupt);
  const began = Date.now();
  const say = (text: string): void => {
    process.stderr.write(`${((Date.now() - began) / 1000).toFixed(0).padStart(5)} s  ${text}\n`);
  };
  if (options.peers === null)
    say("MetalLB's binaries are not given (--peer-dir): FerroLB is measured alone");
  const earlier = options.add ? await savedIn(options.out) : [];
  const order = rowsFor(options.plan).map(({ id }) => id);
  const keep = async (results: readonly Result[]): Promise<void> => {
    if (results.length > 0) await save(options.out, earlier, results, order);
  };
  const results = await run(options, say, keep, end.signal);
  if (results.length > 0) {
    const { cores, cpu, memoryGb, kernel, node } = machine();
    process.stdout.write(
      `\n${plainTable(results)}\n\n${cores} cores (${cpu}), ${memoryGb} GB, Linux ${kernel}, Node ${node}, FRR ${options.frr} on the nodes, load ${results[0]?.load.toFixed(1) ?? "?"}\n`,
    );
    for (const note of notesOf(results)) process.stdout.write(`- ${note}\n`);
    process.stdout.write(`written: ${options.out}/results.json, table.md, chart.svg\n`);
  }
  if (end.signal.aborted) return INTERRUPTED;
  const failed = results.some((r) => Object.values(r.outcomes).some((o) => o.kind === "failed"));
  return failed ? 1 : 0;
}

try {
  // What an interrupt left half done would keep the process; all that it started is gone.
  process.exit(await main(parseOptions(process.argv.slice(2), process.env)));
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else {
    process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 3;
  }
}
