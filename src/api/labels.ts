/** Syntax of names, label keys and label values, as the Kubernetes documentation of labels and names defines it. */
const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const NAME = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;

/** DNS label: names of namespaces. */
export const isDnsLabel = (text: string): boolean => text.length <= 63 && LABEL.test(text);

/** DNS subdomain: names of most objects. */
export const isDnsSubdomain = (text: string): boolean => text.length <= 253 && SUBDOMAIN.test(text);

/** `name` or `prefix/name`: label and annotation keys. */
export function isQualifiedName(text: string): boolean {
  const parts = text.split("/");
  const name = parts.at(-1) ?? "";
  if (parts.length > 2 || name.length > 63 || !NAME.test(name)) return false;
  return parts.length === 1 || isDnsSubdomain(parts[0] ?? "");
}

/** The value of a label; empty is one. */
export const isLabelValue = (text: string): boolean =>
  text === "" || (text.length <= 63 && NAME.test(text));
