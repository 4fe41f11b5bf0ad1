/** A diagnosis for people: the findings with what to do, then every check, then the nodes. */
import { refText } from "../../api/objects.ts";
import type { Diagnosis } from "./doctor.ts";
import type { Finding } from "./finding.ts";

const MARK = { ok: "ok  ", unknown: "-   ", note: "note", warning: "warn", error: "FAIL" } as const;

/** What came from a cluster may not move the cursor. */
const plain = (text: string): string =>
  text.replace(/\p{Cc}/gu, (c) =>
    c === "\n" ? c : `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );

function findingLines({
  severity,
  code,
  object,
  path,
  message,
  evidence,
  fixes,
}: Finding): string[] {
  const at = [object === null ? "" : refText(object), path].filter(Boolean).join(" ");
  return [
    `${MARK[severity]}  ${code}: ${at}: ${message}`,
    ...evidence.map((e) => `        seen: ${e}`),
    ...fixes.flatMap(({ command, caution }, i) => [
      `        ${i === 0 ? "fix" : "or"}:   `.slice(0, 14) + command,
      ...(caution === null ? [] : [`              beware: ${caution}`]),
    ]),
  ];
}

const counted = (n: number, what: string): string => `${n} ${what}${n === 1 ? "" : "s"}`;

export function diagnosisText({ findings, checks, nodes, speaker }: Diagnosis): string {
  const count = (severity: string): number =>
    findings.filter((f) => f.severity === severity).length;
  const width = Math.max(...checks.map((c) => c.name.length));
  const listed = findings.flatMap((f) => [...findingLines(f), ""]);
  const groups = [true, false].flatMap((controlPlane) => {
    const members = nodes.filter((n) => n.controlPlane === controlPlane);
    return members.length === 0
      ? []
      : [
          controlPlane ? "control-plane nodes" : "other nodes",
          ...members.flatMap(({ node, taints, eligible, selected, cordoned }) => [
            `  ${node}: ${eligible ? "a speaker can run" : "no speaker"}${selected ? "" : ", not selected by the DaemonSet"}${cordoned ? ", cordoned (which DaemonSets ignore)" : ""}`,
            ...taints.map(({ taint, verdict }) => `    taint ${taint}: ${verdict}`),
          ]),
        ];
  });
  const daemonSet =
    speaker === null || speaker.desired === null
      ? []
      : [
          `DaemonSet ${speaker.namespace}/${speaker.name}: nodes ${nodes.length}, DESIRED ${speaker.desired}, CURRENT ${speaker.current ?? 0}, READY ${speaker.ready ?? 0}`,
        ];
  return plain(
    [
      `${counted(count("error"), "error")}, ${counted(count("warning"), "warning")}, ${counted(count("note"), "note")}`,
      "",
      ...listed,
      ...checks.map((c) => `${MARK[c.state]}  ${c.name.padEnd(width)}  ${c.summary}`),
      "",
      ...groups,
      ...daemonSet,
    ].join("\n"),
  );
}
