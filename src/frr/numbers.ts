/** FRR's counters as a scrape shows them: read when one comes, at most once a second, and never waited for long. */
import type { FrrNumbers } from "../api/frr-numbers.ts";
import type { Clock } from "../runtime/clock.ts";
import { bfdCountersFrom, bfdPeersFrom, neighborsFrom } from "./status.ts";
import type { Vty } from "./vty.ts";

export interface NumbersReader {
  /** Empty until FRR was reached, and while it is away. */
  latest(): FrrNumbers;
  /** Resolves when `latest` is as fresh as it can be within half a second. */
  refresh(): Promise<void>;
}

const NONE: FrrNumbers = { neighbors: [], bfd: [] };
const FRESH_MS = 1000;
const WAIT_MS = 500;

export function frrNumbers(
  bgpd: Pick<Vty, "ask">,
  bfdd: Pick<Vty, "ask">,
  clock: Clock,
): NumbersReader {
  let latest = NONE;
  let readMs = -Infinity;
  let reading: Promise<void> | null = null;

  const read = async (): Promise<void> => {
    // One daemon may be away while the other is there; a node may have no FRR at all.
    const [neighbors, peers, counters] = await Promise.all([
      bgpd.ask("show bgp vrf all neighbors json").then(neighborsFrom, () => []),
      bfdd.ask("show bfd peers json").then(bfdPeersFrom, () => []),
      bfdd.ask("show bfd peers counters json").then(bfdCountersFrom, () => []),
    ]);
    const up = new Set(peers.filter((p) => p.state === "up").map(keyOf));
    latest = { neighbors, bfd: counters.map((c) => ({ ...c, isUp: up.has(keyOf(c)) })) };
    readMs = clock.now();
  };

  return {
    latest: () => latest,
    async refresh() {
      if (clock.now() - readMs < FRESH_MS) return;
      reading ??= read().finally(() => {
        reading = null;
      });
      let cancel: () => void = () => undefined;
      const patience = new Promise<void>((resolve) => {
        cancel = clock.after(WAIT_MS, resolve);
      });
      await Promise.race([reading, patience]);
      cancel();
    },
  };
}

const keyOf = ({ peer, vrf }: { readonly peer: string; readonly vrf: string | null }): string =>
  `${vrf ?? ""} ${peer}`;
