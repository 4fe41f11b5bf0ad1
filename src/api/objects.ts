/**
 * The Kubernetes objects the core reads, cut to the fields it reads. Manifests and informers hand in
 * more; nothing else is kept. Shapes follow the Kubernetes API reference (core/v1, discovery.k8s.io/v1).
 */
export interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** RFC 3339. */
  readonly creationTimestamp?: string;
  readonly generation?: number;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly deletionTimestamp?: string;
}

export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
}

export interface LabelSelectorRequirement {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly LabelSelectorRequirement[];
}

export interface ServicePort {
  readonly name?: string;
  readonly protocol?: string;
  readonly port: number;
  readonly targetPort?: number | string;
  readonly nodePort?: number;
}

export interface IngressEntry {
  readonly ip?: string;
  readonly hostname?: string;
  readonly ipMode?: string;
  readonly ports?: readonly unknown[];
}

export interface Service extends KubeObject {
  readonly kind: "Service";
  readonly spec?: {
    readonly type?: string;
    readonly clusterIP?: string;
    readonly clusterIPs?: readonly string[];
    readonly ipFamilies?: readonly string[];
    readonly ipFamilyPolicy?: string;
    readonly loadBalancerClass?: string;
    readonly loadBalancerIP?: string;
    readonly externalTrafficPolicy?: string;
    readonly internalTrafficPolicy?: string;
    readonly selector?: Readonly<Record<string, string>>;
    readonly ports?: readonly ServicePort[];
  };
  readonly status?: {
    readonly loadBalancer?: { readonly ingress?: readonly IngressEntry[] };
    readonly conditions?: readonly Condition[];
  };
}

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
  readonly observedGeneration?: number;
}

export interface Endpoint {
  readonly addresses?: readonly string[];
  readonly nodeName?: string;
  readonly conditions?: {
    readonly ready?: boolean;
    readonly serving?: boolean;
    readonly terminating?: boolean;
  };
}

export interface EndpointSlice extends KubeObject {
  readonly kind: "EndpointSlice";
  readonly addressType?: string;
  readonly endpoints?: readonly Endpoint[];
  readonly ports?: readonly { name?: string; port?: number; protocol?: string }[];
}

export interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
}

export interface Node extends KubeObject {
  readonly kind: "Node";
  readonly spec?: { readonly taints?: readonly Taint[]; readonly unschedulable?: boolean };
  readonly status?: {
    readonly addresses?: readonly { readonly type: string; readonly address: string }[];
    readonly conditions?: readonly Condition[];
  };
}

export interface Namespace extends KubeObject {
  readonly kind: "Namespace";
}

export interface Secret extends KubeObject {
  readonly kind: "Secret";
  readonly type?: string;
  /** base64 values. */
  readonly data?: Readonly<Record<string, string>>;
  /** plain values; wins over `data`, as at the API server. */
  readonly stringData?: Readonly<Record<string, string>>;
}

export interface ConfigMap extends KubeObject {
  readonly kind: "ConfigMap";
  readonly data?: Readonly<Record<string, string>>;
}

export interface Pod extends KubeObject {
  readonly kind: "Pod";
  readonly spec?: { readonly nodeName?: string; readonly tolerations?: readonly unknown[] };
  readonly status?: {
    readonly phase?: string;
    readonly podIP?: string;
    readonly podIPs?: readonly { readonly ip: string }[];
    readonly conditions?: readonly Condition[];
  };
}

/** What an event, a problem or a reason points at. Cluster-scoped objects have namespace "". */
export interface ObjectRef {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

export const refOf = (o: KubeObject): ObjectRef => ({
  kind: o.kind,
  namespace: o.metadata.namespace ?? "",
  name: o.metadata.name,
});

/** `Kind namespace/name`, or `Kind name` for a cluster-scoped object: map key and text for people. */
export const refText = (r: ObjectRef): string =>
  r.namespace === "" ? `${r.kind} ${r.name}` : `${r.kind} ${r.namespace}/${r.name}`;

/** `namespace/name`: the key of a Service everywhere. */
export type ServiceKey = string;
export const keyOf = (o: KubeObject): ServiceKey =>
  `${o.metadata.namespace ?? "default"}/${o.metadata.name}`;
