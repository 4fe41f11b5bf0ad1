/** A speaker's announcer and membership where neither L2 nor other members are of interest. */
import type { SpeakerPorts } from "../../src/reconciler/speaker-ports.ts";

const nothing = (): void => undefined;
const none = (): Promise<void> => Promise.resolve();

export const SILENT: Pick<SpeakerPorts, "announcer" | "membership"> = {
  announcer: { announce: nothing, interfaces: () => [], onChange: () => nothing, close: none },
  membership: { alive: () => null, onChange: () => nothing, leave: none },
};
