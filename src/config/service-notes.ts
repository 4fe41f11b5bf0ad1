/** X12: what Services use although it is deprecated. It works; each kind of it is noted once. */
import { refOf } from "../api/objects.ts";
import type { Service } from "../api/objects.ts";
import type { Problem } from "../api/problem.ts";
import { findingsOn } from "./findings.ts";
import { compareText } from "./read.ts";

const LEGACY = "metallb.universe.tf/";

const nameOf = ({ metadata }: Service): string => `${metadata.namespace ?? ""}/${metadata.name}`;

const others = (count: number): string => (count === 1 ? "" : ` (and ${count - 1} more Services)`);

export function serviceNotes(services: readonly Service[]): readonly Problem[] {
  const sorted = [...services].sort((a, b) => compareText(nameOf(a), nameOf(b)));
  const legacyKey = (service: Service): string | undefined =>
    Object.keys(service.metadata.annotations ?? {}).find((key) => key.startsWith(LEGACY));
  const annotated = sorted.filter((service) => legacyKey(service) !== undefined);
  const requesting = sorted.filter((service) => (service.spec?.loadBalancerIP ?? "") !== "");
  const notes: Problem[] = [];
  const [first] = annotated;
  if (first !== undefined) {
    const key = legacyKey(first) ?? "";
    const found = findingsOn(refOf(first));
    found.warn(
      "X12",
      "legacyAnnotation",
      `metadata.annotations[${JSON.stringify(key)}]`,
      `deprecated, still honoured: write metallb.io/${key.slice(LEGACY.length)}${others(annotated.length)}`,
    );
    notes.push(...found.problems);
  }
  const [asking] = requesting;
  if (asking !== undefined) {
    const found = findingsOn(refOf(asking));
    found.warn(
      "X12",
      "loadBalancerIpField",
      "spec.loadBalancerIP",
      `deprecated by Kubernetes, still honoured: write annotation metallb.io/loadBalancerIPs${others(requesting.length)}`,
    );
    notes.push(...found.problems);
  }
  return notes;
}
