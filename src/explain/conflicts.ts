/** Stations that answer for addresses of ours, as living speakers heard them. */
import type { World } from "./world.ts";

export interface Conflict {
  readonly ip: string;
  readonly mac: string;
  readonly interface: string;
  /** Node that heard it. */
  readonly heardBy: string;
  /** Node that has the MAC; null for a station outside the cluster. */
  readonly node: string | null;
  readonly since: string;
}

export const conflictsOf = ({ observed, alive }: Pick<World, "observed" | "alive">) =>
  observed.speakerReports
    .flatMap(({ status }) =>
      (status?.conflicts ?? []).map((c): Conflict => ({
        ip: c.ip,
        mac: c.mac,
        interface: c.interface,
        heardBy: status?.node ?? "",
        node: c.node ?? null,
        since: c.since,
      })),
    )
    .filter(({ heardBy }) => alive.has(heardBy))
    .sort((a, b) => (`${a.ip} ${a.mac} ${a.heardBy}` < `${b.ip} ${b.mac} ${b.heardBy}` ? -1 : 1));
