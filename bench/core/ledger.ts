/** What the groups hand in while they run, row by row. */
import { resultOf, SYSTEMS } from "./result.ts";
import type { Outcome, Result, SystemName } from "./result.ts";
import type { GroupName, RowSpec } from "./rows.ts";

export interface Ledger {
  /** Adds to what the row has of this system. */
  add(id: string, system: SystemName, values: readonly number[], note?: string): void;
  /** Every row of the group that this system has nothing in has failed for this reason. */
  failed(group: GroupName, system: SystemName, why: string): void;
  /** Rows that were asked for, measured or failed. */
  results(when: Pick<Result, "frr" | "at" | "load">): readonly Result[];
}

/** @throws Error for a row that the catalogue does not know: a slip of ours */
export function createLedger(specs: readonly RowSpec[], systems: readonly SystemName[]): Ledger {
  const outcomes = new Map<string, Outcome>();
  const keyOf = (id: string, system: SystemName): string => `${system} ${id}`;
  const outcomeOf = (id: string, system: SystemName): Outcome =>
    outcomes.get(keyOf(id, system)) ?? { kind: "absent" };
  return {
    add(id, system, values, note) {
      if (!specs.some((s) => s.id === id)) throw new Error(`no row ${id}`);
      const before = outcomeOf(id, system);
      const earlier = before.kind === "measured" ? before : { values: [], note: null };
      outcomes.set(keyOf(id, system), {
        kind: "measured",
        values: [...earlier.values, ...values],
        note: note ?? earlier.note,
      });
    },
    failed(group, system, why) {
      for (const { id } of specs.filter((s) => s.group === group))
        if (outcomeOf(id, system).kind === "absent")
          outcomes.set(keyOf(id, system), { kind: "failed", why });
    },
    results: (when) =>
      specs
        .filter(({ id }) => SYSTEMS.some((system) => outcomeOf(id, system).kind !== "absent"))
        .map((spec) => {
          const of = (system: SystemName): Outcome =>
            systems.includes(system) ? outcomeOf(spec.id, system) : { kind: "absent" };
          return resultOf(spec, { ferrolb: of("ferrolb"), metallb: of("metallb") }, when);
        }),
  };
}
