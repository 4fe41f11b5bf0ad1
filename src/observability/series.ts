/** Series whose number a manifest decides: bounded, and gone with what they are about. */
import { Counter, Gauge } from "prom-client";
import type { Registry } from "prom-client";

/** Series of one metric; what is beyond is left out, and counted. */
export const SERIES_MOST = 10_000;

export type Labels = Readonly<Record<string, string>>;
export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

export interface SampledMetric {
  readonly name: string;
  readonly help: string;
  readonly type: "gauge" | "counter";
  readonly labelNames: readonly string[];
  /** All its series now, in an order that stays. */
  readonly samples: () => readonly Sample[];
}

const omittedIn = new WeakMap<Registry, Gauge>();

function omittedGauge(registry: Registry): Gauge {
  const known = omittedIn.get(registry);
  if (known !== undefined) return known;
  const gauge = new Gauge({
    name: "ferrolb_metrics_series_omitted",
    help: "Series that were left out because their metric has too many",
    labelNames: ["metric"],
    registers: [registry],
  });
  omittedIn.set(registry, gauge);
  return gauge;
}

/** A metric that is read when it is scraped. */
export function addSampled(registry: Registry, metric: SampledMetric): void {
  const { name, help, type, labelNames, samples } = metric;
  const omitted = omittedGauge(registry);
  const shown = (): readonly Sample[] => {
    const all = samples();
    if (all.length > SERIES_MOST) omitted.set({ metric: name }, all.length - SERIES_MOST);
    else omitted.remove({ metric: name });
    return all.slice(0, SERIES_MOST);
  };
  const common = { name, help, labelNames: [...labelNames], registers: [registry] };
  if (type === "gauge")
    new Gauge({
      ...common,
      collect() {
        this.reset();
        for (const { labels, value } of shown()) this.set(labels, value);
      },
    });
  else
    new Counter({
      ...common,
      collect() {
        this.reset();
        for (const { labels, value } of shown()) this.inc(labels, value);
      },
    });
}
