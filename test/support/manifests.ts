/** Manifest text for tests. */
import { stringify } from "yaml";

export const yaml = (...objects: readonly unknown[]): string =>
  objects.map((o) => stringify(o)).join("---\n");

export const service = (name: string, extra: Record<string, unknown> = {}) => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name, namespace: "default" },
  spec: { type: "LoadBalancer", ports: [{ port: 80 }], ...extra },
});

export const pool = (name: string, ...addresses: string[]) => ({
  apiVersion: "metallb.io/v1beta1",
  kind: "IPAddressPool",
  metadata: { name, namespace: "metallb-system" },
  spec: { addresses },
});
