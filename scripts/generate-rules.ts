/** Writes the PrometheusRule from the plain rules: `npm run generate:rules`. A test holds them equal. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { prometheusRule } from "../test/support/prometheus-rule.ts";

const root = join(import.meta.dirname, "..");
const rules = readFileSync(join(root, "deploy/prometheus/rules.yaml"), "utf8");
writeFileSync(
  join(root, "deploy/kustomize/prometheus/prometheus-rule.yaml"),
  prometheusRule(rules),
);
