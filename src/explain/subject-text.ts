/** Answers about pools, peers and addresses, for people. The first line says it all. */
import { lineOf, markOf } from "./text.ts";
import type { SubjectAnswer } from "./subject.ts";

export function subjectText({ subject, ok, because, steps }: SubjectAnswer): string {
  const kind = subject.kind === "Address" ? "address" : subject.kind;
  const lines = [`${kind} ${subject.name} is ${ok ? "fine" : "not fine"}: ${lineOf(because)}`];
  if (!ok && because.fix !== null) lines.push(`  to change it: ${because.fix}`);
  lines.push("");
  for (const step of steps) {
    lines.push(`${markOf(step)}  ${lineOf(step)}`);
    if (step.fix !== null && step !== because) lines.push(`        ${step.fix}`);
  }
  return lines.join("\n");
}
