/**
 * Services that have an address while no speaker lives anywhere, so that nobody answers for it: said by a condition of
 * the Service, which goes when a speaker lives again. Pure.
 */
import { keyOf } from "../api/objects.ts";
import type { Condition, Service, ServiceKey } from "../api/objects.ts";
import type { ReasonWord } from "../api/reason-words.ts";
import { isLoadBalancer, isOurs } from "../api/service-view.ts";
import type { WithoutSpeaker } from "../explain/without-speaker.ts";

/** Status False: nobody announces the Service. Absent where a speaker lives. */
export const ANNOUNCEABLE = "ferrolb.io/Announceable";
export const NO_LIVE_SPEAKER = "noLiveSpeaker" satisfies ReasonWord;

export interface ConditionChange {
  readonly service: Service;
  readonly key: ServiceKey;
  /** All conditions of the Service as they shall be: others' are kept. */
  readonly conditions: readonly Condition[];
  /** null: the condition goes. */
  readonly message: string | null;
}

/** `no live speaker: ` and what keeps it from the nodes, of many the first. `without`: every node there is. */
export function noLiveSpeakerText(without: readonly WithoutSpeaker[]): string {
  const [first] = without;
  const rest = without.length > 1 ? `, and so on ${without.length} nodes` : "";
  return `no live speaker: ${first === undefined ? "there is no Node" : first.message}${rest}`;
}

/** What is to be written, and nothing where all is said already. `message` null: some speaker lives. */
export function conditionChanges(
  services: readonly Service[],
  lbClass: string,
  message: string | null,
  now: Date,
): readonly ConditionChange[] {
  return services.flatMap((service): readonly ConditionChange[] => {
    const shown = service.status?.conditions ?? [];
    const has = shown.some((c) => c.type === ANNOUNCEABLE);
    const hasAddress = (service.status?.loadBalancer?.ingress ?? []).length > 0;
    const isDue =
      message !== null && hasAddress && isLoadBalancer(service) && isOurs(service, lbClass);
    if (isDue === has) return [];
    const others = shown.filter((c) => c.type !== ANNOUNCEABLE);
    const said: Condition = {
      type: ANNOUNCEABLE,
      status: "False",
      reason: NO_LIVE_SPEAKER,
      message: message ?? "",
      lastTransitionTime: now.toISOString().replace(/\.\d+Z$/, "Z"),
    };
    const conditions = isDue ? [...others, said] : others;
    return [{ service, key: keyOf(service), conditions, message: isDue ? message : null }];
  });
}
