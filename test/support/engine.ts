/** The engine on a real FRR, with what it told kept for the test. */
import type { Applied, Desired } from "../../src/api/frr-desired.ts";
import {
  startFrrEngine,
  type FrrEngineOptions,
  type RunningFrrEngine,
} from "../../src/frr/engine.ts";
import type { FrrEvent } from "../../src/frr/events.ts";
import type { FrrInstance } from "../../src/lab/frr-instance.ts";
import type { FrrEngine } from "../../src/reconciler/ports.ts";
import { systemClock } from "../../src/runtime/clock.ts";

export interface TestEngine extends FrrEngine, RunningFrrEngine {
  readonly events: FrrEvent[];
  /** Applies a text whose lines nobody asked for. */
  bringTo(text: string): Promise<Applied>;
}

export function engineOn(
  frr: Pick<FrrInstance, "vtyshPath" | "vtyDir" | "confFile">,
  options: Partial<FrrEngineOptions> = {},
): TestEngine {
  const events: FrrEvent[] = [];
  const engine = startFrrEngine({
    vtysh: frr.vtyshPath,
    vtyDir: frr.vtyDir,
    confFile: frr.confFile,
    clock: systemClock,
    onEvent: (event) => events.push(event),
    ...options,
  });
  return {
    ...engine,
    events,
    bringTo: (text) => engine.apply(desiredText(text), new AbortController().signal),
  };
}

export const desiredText = (text: string): Desired => ({ text, originOf: () => [] });
