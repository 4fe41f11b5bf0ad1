import { settleSnapshot } from "../allocator/settle.ts";
import type { Settled } from "../allocator/settle.ts";
import type { AllocationEvent } from "../allocator/events.ts";
import { messageOf } from "../allocator/messages.ts";
import type { Problem } from "../api/problem.ts";
import { refText } from "../api/objects.ts";
import type { ServiceKey } from "../api/objects.ts";
import type { PoolCounters } from "../api/store.ts";
import { parseConfig } from "../config/parse.ts";
import type { Register } from "./commands.ts";
import { EXIT, exitWith } from "./exit.ts";
import { addInputOptions, readInput } from "./input.ts";
import type { InputFlags } from "./input.ts";
import { addOutputOption, printAs, table } from "./output.ts";
import type { OutputFormat } from "./output.ts";

export interface AllocateAnswer {
  /** By `namespace/name`, sorted: the Services that want an address, or lost one. */
  readonly services: Readonly<
    Record<
      ServiceKey,
      {
        readonly ingress: readonly string[];
        readonly pool: string | null;
        readonly events: readonly AllocationEvent[];
      }
    >
  >;
  /** By name, sorted. Exact integers, also beyond 2^53. */
  readonly pools: Readonly<Record<string, PoolCounters>>;
}

export function allocateAnswer(settled: Settled): AllocateAnswer {
  const { outcomes, events, counters } = settled;
  const services = [...outcomes.values()]
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ key, ips, pool }) => {
      const told = events.get(key) ?? [];
      return [key, { ingress: ips, pool, events: told }] as const;
    });
  return { services: Object.fromEntries(services), pools: Object.fromEntries(counters) };
}

function forPeople(answer: AllocateAnswer, { outcomes }: Settled): string {
  const services = Object.entries(answer.services).map(([key, { ingress, pool }]) => {
    const pending = outcomes.get(key)?.pending ?? null;
    const why = pending === null ? "" : messageOf(pending);
    return [key, ingress.join(", ") || "-", pool ?? "-", why];
  });
  const pools = Object.entries(answer.pools).map(([name, c]) => [
    name,
    ...[c.assignedIPv4, c.availableIPv4, c.assignedIPv6, c.availableIPv6].map(String),
  ]);
  return [
    table(["SERVICE", "ADDRESSES", "POOL", "WHY NOT"], services),
    "",
    table(["POOL", "USED IPv4", "FREE IPv4", "USED IPv6", "FREE IPv6"], pools),
  ].join("\n");
}

const errorsIn = (problems: readonly Problem[]): readonly Problem[] =>
  problems.filter((p) => p.severity === "error");

export const register: Register = (program) => {
  addOutputOption(addInputOptions(program.command("allocate")))
    .description("Say which Service gets which address, and why one gets none.")
    .option("--lb-class <class>", "serve the Services of this loadBalancerClass", "")
    .addHelpText(
      "after",
      "\nServices that hold addresses in their status keep them; then the oldest comes first." +
        "\n\nExample:\n  $ ferrolb allocate -f manifests/ -o json",
    )
    .action(
      async (flags: InputFlags & { readonly output: OutputFormat; readonly lbClass: string }) => {
        const input = await readInput(flags);
        const parsed = parseConfig(input.snapshot);
        const settled = settleSnapshot(input.snapshot, parsed, flags.lbClass);
        const answer = allocateAnswer(settled);
        printAs(flags.output, answer, () => forPeople(answer, settled));
        const errors = errorsIn([...input.problems, ...parsed.problems]);
        for (const { object, path, message } of errors)
          process.stderr.write(`error: ${refText(object)}: ${path}: ${message}\n`);
        exitWith(errors.length === 0 ? EXIT.fine : EXIT.inputHasErrors);
      },
    );
};
