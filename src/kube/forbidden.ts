/** What a refusal by RBAC means, in words that name the verb, the resource and the role that should have it. */

const REFUSAL =
  /User "([^"]+)" cannot (\S+) (?:resource "([^"]+)" in API group "([^"]*)"|path "([^"]+)")(?: in the namespace "([^"]+)")?/;
const ACCOUNT = /^system:serviceaccount:([^:]+):([^:]+)$/;
/** Asked for in the namespace of a Service, granted everywhere. */
const CLUSTER_WIDE = ["services/status", "events"];

/**
 * The API server's text of a 403 said for the person who mends it; null when it is no refusal by RBAC.
 * Service accounts and roles are called as the shipped manifests call them (deploy/kustomize/base).
 */
export function forbiddenText(said: string): string | null {
  const found = REFUSAL.exec(said);
  if (found === null) return null;
  const [, user = "", verb = "", resource, group = "", path = "", namespace] = found;
  const what = resource === undefined ? path : `${resource}${group === "" ? "" : `.${group}`}`;
  const where = namespace === undefined ? "in the whole cluster" : `in namespace "${namespace}"`;
  const right = `the right to ${verb} ${what} ${where} is missing for ${user}`;
  const account = ACCOUNT.exec(user);
  if (account === null) return right;
  const [, own = "", name = ""] = account;
  const isNarrow = namespace === own && !CLUSTER_WIDE.includes(resource ?? "");
  const role = isNarrow ? `Role "${name}" in "${own}"` : `ClusterRole "${own}:${name}"`;
  return `${right}: the shipped ${role} grants it, so apply the manifests or the chart again`;
}
