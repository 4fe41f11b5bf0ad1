/** What the API server saw: its audit log, against the rules of the shipped roles. */
import { readFile } from "node:fs/promises";
import type { Manifest } from "../support/deploy-tools.ts";

export const AUDIT_POLICY = JSON.stringify({
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived", "ResponseStarted"],
  rules: [{ level: "Metadata", userGroups: ["system:serviceaccounts"] }, { level: "None" }],
});

/** One request of a service account. */
export interface Call {
  readonly user: string;
  readonly verb: string;
  /** `services/status.group`, as `rightsIn` writes it. */
  readonly resource: string;
  readonly name: string;
  readonly status: number;
}

/** One verb on one resource that a role grants. */
export interface Right {
  readonly role: string;
  readonly kind: "Role" | "ClusterRole";
  readonly verb: string;
  readonly resource: string;
  /** Empty: any. */
  readonly names: readonly string[];
}

interface AuditEvent {
  readonly user: { readonly username: string };
  readonly verb: string;
  readonly objectRef?: {
    readonly resource?: string;
    readonly subresource?: string;
    readonly apiGroup?: string;
    readonly name?: string;
  };
  readonly responseStatus?: { readonly code?: number };
}

const named = (resource: string, group: string): string =>
  group === "" ? resource : `${resource}.${group}`;

export async function callsIn(file: string): Promise<readonly Call[]> {
  const lines = (await readFile(file, "utf8")).split("\n").filter((line) => line.endsWith("}"));
  return lines.flatMap((line): Call[] => {
    const { user, verb, objectRef: ref, responseStatus } = JSON.parse(line) as AuditEvent;
    if (ref?.resource === undefined) return [];
    const path =
      ref.subresource === undefined ? ref.resource : `${ref.resource}/${ref.subresource}`;
    const call: Call = {
      user: user.username,
      verb,
      resource: named(path, ref.apiGroup ?? ""),
      name: ref.name ?? "",
      status: responseStatus?.code ?? 0,
    };
    // An apply that makes the object needs, and shows, the right to create it.
    return verb === "patch" && call.status === 201 ? [call, { ...call, verb: "create" }] : [call];
  });
}

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}
export type RoleManifest = Manifest & { readonly rules: readonly Rule[] };

export const rightsIn = (role: RoleManifest): readonly Right[] =>
  role.rules.flatMap((rule) =>
    rule.resources.flatMap((resource) =>
      rule.verbs.map((verb) => ({
        role: role.metadata.name,
        kind: role.kind as Right["kind"],
        verb,
        resource: named(resource, rule.apiGroups[0] ?? ""),
        names: rule.resourceNames ?? [],
      })),
    ),
  );

/** The role without one of its verbs on one of its resources. */
export const roleWithout = (role: RoleManifest, right: Right): RoleManifest => ({
  ...role,
  rules: role.rules.flatMap((rule) => {
    const group = rule.apiGroups[0] ?? "";
    const hit = rule.resources.find((r) => named(r, group) === right.resource);
    const same = (rule.resourceNames ?? []).join() === right.names.join();
    if (hit === undefined || !same || !rule.verbs.includes(right.verb)) return [rule];
    const resources = rule.resources.filter((r) => r !== hit);
    const verbs = rule.verbs.filter((v) => v !== right.verb);
    return [
      ...(resources.length > 0 ? [{ ...rule, resources }] : []),
      ...(verbs.length > 0 ? [{ ...rule, resources: [hit], verbs }] : []),
    ];
  }),
});

export const isUse = (call: Call, { verb, resource, names }: Right): boolean =>
  call.verb === verb &&
  call.resource === resource &&
  // A list by field selector carries no name in the log.
  (names.length === 0 || call.name === "" || names.includes(call.name));
