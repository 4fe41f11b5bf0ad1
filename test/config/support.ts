/** Objects from the short notation of the rules' tables, and snapshots of them. */
import { expect } from "chai";
import { parse } from "yaml";
import { emptySnapshot } from "../../src/api/snapshot.ts";
import type { Snapshot } from "../../src/api/snapshot.ts";
import { parseConfig } from "../../src/config/parse.ts";
import type { Parsed } from "../../src/config/parse.ts";
import { LIST_OF } from "../../src/manifests/assemble.ts";

export const NAMESPACE = "metallb-system";

export interface Doc {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly [key: string]: unknown;
}

/** `a: 1, b: [x]` as an object. */
export const fields = (text: string): Record<string, unknown> =>
  (parse(`{${text}}`) ?? {}) as Record<string, unknown>;

export const doc = (apiVersion: string, kind: string) => {
  return (name: string, spec = "", metadata = ""): Doc => ({
    apiVersion,
    kind,
    metadata: { name, namespace: NAMESPACE, ...fields(metadata) },
    spec: fields(spec),
  });
};

export const pool = doc("metallb.io/v1beta1", "IPAddressPool");
export const l2 = doc("metallb.io/v1beta1", "L2Advertisement");
export const adv = doc("metallb.io/v1beta1", "BGPAdvertisement");
export const rawPeer = doc("metallb.io/v1beta2", "BGPPeer");
export const bfd = doc("metallb.io/v1beta1", "BFDProfile");
export const community = doc("metallb.io/v1beta1", "Community");

/** A peer with what every example has unless it says otherwise. */
export const peer = (name: string, spec = "", metadata = ""): Doc => {
  const given = rawPeer(name, spec, metadata);
  const base = { myASN: 64500, peerASN: 64501, peerAddress: "10.0.0.1" };
  return { ...given, spec: { ...base, ...(given["spec"] as object) } };
};

export const node = (name: string, labels = ""): Doc => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name, labels: fields(labels) },
});

export const namespace = (name: string, labels = ""): Doc => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name, labels: fields(labels) },
});

export const secret = (name: string, rest = ""): Doc => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name, namespace: NAMESPACE },
  ...fields(rest),
});

export function snapshotOf(...docs: readonly unknown[]): Snapshot {
  const snapshot = emptySnapshot(NAMESPACE) as unknown as Record<string, unknown[]>;
  for (const one of docs) {
    const list = LIST_OF[(one as Doc).kind];
    if (list === undefined) throw new Error(`no list for ${(one as Doc).kind}`);
    snapshot[list]?.push(one);
  }
  return snapshot as unknown as Snapshot;
}

export const parsed = (...docs: readonly unknown[]): Parsed => parseConfig(snapshotOf(...docs));

export const errorsOf = ({ problems }: Parsed): readonly string[] =>
  problems.filter((p) => p.severity === "error").map((p) => `${p.rule} ${p.object.name} ${p.path}`);

/** A rule of the reference: inputs that break it, and nothing but it needs to be named; inputs that do not. */
export interface Rule {
  readonly rule: string;
  readonly says: string;
  readonly rejected: readonly (readonly [given: string, docs: readonly Doc[]])[];
  readonly accepted: readonly (readonly [given: string, docs: readonly Doc[]])[];
}

export function ruleTable(title: string, rules: readonly Rule[]): void {
  describe(title, () => {
    for (const { rule, says, rejected, accepted } of rules)
      describe(`${rule}: ${says}`, () => {
        for (const [given, docs] of rejected)
          it(`refuses ${given}`, () => {
            const result = parsed(...docs);
            const found = result.problems.filter((p) => p.rule === rule && p.severity === "error");
            expect(found, errorsOf(result).join("; ")).not.to.have.length(0);
            for (const problem of found) {
              expect(docs.map((d) => `${d.kind} ${nameOf(d)}`)).to.include(
                `${problem.object.kind} ${problem.object.name}`,
              );
              expect(problem.message.length).to.be.greaterThan(10);
            }
          });
        for (const [given, docs] of accepted)
          it(`accepts ${given}`, () => expect(errorsOf(parsed(...docs))).to.deep.equal([]));
      });
  });
}

/** One line of a table about a single object: rejected and accepted specs of one kind. */
export const one =
  (make: (name: string, spec: string) => Doc, around: readonly Doc[] = []) =>
  (rule: string, says: string, rejected: readonly string[], accepted: readonly string[]): Rule => ({
    rule,
    says,
    rejected: rejected.map((spec) => [spec, [make("x", spec), ...around]] as const),
    accepted: accepted.map((spec) => [spec, [make("x", spec), ...around]] as const),
  });

export function nameOf({ metadata }: Doc): string {
  const name = metadata["name"];
  return typeof name === "string" ? name : "";
}
