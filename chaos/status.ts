/** In the end: what the status objects say, against what the wire showed last. Pure. */
import { NODES, ROUTERS } from "../src/lab/plan.ts";
import { prefixOf } from "./world.ts";
import type { Spot } from "./world.ts";

/** What was seen last. */
export interface Wire {
  /** Who answers, by address. */
  readonly owners: ReadonlyMap<string, readonly string[]>;
  /** By router: prefix to nodes. */
  readonly routes: ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;
}

/** Parsed status files, loosely: they are another program's output. */
export interface StatusFile {
  readonly kind: string;
  readonly status: Readonly<Record<string, unknown>>;
  readonly name: string;
}

export interface Difference {
  readonly object: string;
  readonly seen: string;
}

const at = (value: unknown, ...path: readonly (string | number)[]): unknown =>
  path.reduce<unknown>(
    (v, key) => (typeof v === "object" && v !== null ? (v as Record<string, unknown>)[key] : null),
    value,
  );
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** Where status and wire say different things; empty: nowhere. */
export function differences(
  present: readonly Spot[],
  files: readonly StatusFile[],
  wire: Wire,
): readonly Difference[] {
  const of = (kind: string, spot: Spot): readonly StatusFile[] =>
    files.filter((f) => f.kind === kind && f.status["serviceName"] === spot.name);
  const found: Difference[] = [];
  const compare = (object: string, status: readonly string[], seen: readonly string[]): void => {
    const [a, b] = [status.toSorted().join(" "), seen.toSorted().join(" ")];
    if (a !== b) found.push({ object, seen: `status ${a || "nothing"}, wire ${b || "nothing"}` });
  };
  for (const spot of present) {
    const ingress = files
      .filter((f) => f.kind === "Service" && f.name === spot.name)
      .flatMap((f) =>
        list(at(f.status, "loadBalancer", "ingress")).map((i) => String(at(i, "ip"))),
      );
    compare(`Service ${spot.name}`, ingress, [spot.address]);
    if (spot.by === "l2") {
      const nodes = of("ServiceL2Status", spot).map((f) => String(f.status["node"]));
      compare(`ServiceL2Status of ${spot.name}`, nodes, wire.owners.get(spot.address) ?? []);
      continue;
    }
    for (const [i, router] of ROUTERS.entries()) {
      const peer = `router-${i + 1}`;
      const nodes = of("ServiceBGPStatus", spot)
        .filter((f) => list(f.status["peers"]).includes(peer))
        .map((f) => String(f.status["node"]));
      const routes = wire.routes.get(router)?.get(prefixOf(spot.address)) ?? [];
      compare(
        `ServiceBGPStatus of ${spot.name}, ${peer}`,
        nodes,
        NODES.filter((n) => routes.includes(n)),
      );
    }
  }
  for (const file of files) {
    if (!["ServiceL2Status", "ServiceBGPStatus"].includes(file.kind)) continue;
    const service = String(file.status["serviceName"]);
    if (!present.some((s) => s.name === service))
      found.push({ object: `${file.kind} of ${service}`, seen: "there is no such Service" });
  }
  return found;
}
