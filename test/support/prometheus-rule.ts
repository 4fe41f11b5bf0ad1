import { parse, stringify } from "yaml";

export interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}
export interface Rules {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[];
}

/** Plain rules as the Prometheus operator wants them. */
export function prometheusRule(rules: string): string {
  const object = {
    apiVersion: "monitoring.coreos.com/v1",
    kind: "PrometheusRule",
    metadata: {
      name: "metallb-alerts",
      namespace: "metallb-system",
      labels: { app: "metallb", "app.kubernetes.io/name": "metallb" },
    },
    spec: parse(rules) as Rules,
  };
  return `# Made from deploy/prometheus/rules.yaml by npm run generate:rules: change that, not this.\n${stringify(object, { lineWidth: 0 })}`;
}
