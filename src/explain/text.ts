/** The chain for people. The first line says it all. */
import { refText } from "../api/objects.ts";
import type { Explanation, Step } from "./explanation.ts";

const MARK: Readonly<Record<Step["verdict"], string>> = { yes: "ok  ", no: "NO  ", note: "note" };

const where = ({ object, path }: Step): string =>
  [object === null ? "" : refText(object), path].filter(Boolean).join(" ");

export const markOf = (step: Step): string => MARK[step.verdict];

export const lineOf = (step: Step): string => {
  const at = where(step);
  return `${step.reason}: ${at === "" ? "" : `${at}: `}${step.message}`;
};

export function headline({ service, served, because, addresses }: Explanation): string {
  const name = `${service.namespace}/${service.name}`;
  return served
    ? `${name} is served at ${addresses.join(", ")}: ${lineOf(because)}`
    : `${name} is not served: ${lineOf(because)}`;
}

export function explanationText(explanation: Explanation, onlyNode?: string): string {
  const lines = [headline(explanation)];
  if (!explanation.served && explanation.because.fix !== null)
    lines.push(`  to change it: ${explanation.because.fix}`);
  lines.push("");
  for (const step of explanation.steps) {
    lines.push(`${markOf(step)}  ${lineOf(step)}`);
    if (step.fix !== null && step !== explanation.because) lines.push(`        ${step.fix}`);
  }
  const nodes = explanation.nodes.filter((n) => onlyNode === undefined || n.node === onlyNode);
  if (nodes.length > 0) lines.push("");
  for (const { node, l2, bgp } of nodes)
    lines.push(
      `node ${node}: L2 ${l2.announces ? "answers" : `no (${l2.reason})`}; ` +
        `BGP ${bgp.announces ? `sends to ${bgp.peers.join(", ")}` : `no (${bgp.reason})`}`,
    );
  return lines.join("\n");
}
