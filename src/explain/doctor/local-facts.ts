/** What one node sees of itself and of its neighbours, as `src/cli` gathered it. */

/** How a port answered. `silent`: nothing came back in time; `error`: the kernel's word is in `detail`. */
export interface Reach {
  readonly state: "open" | "refused" | "silent" | "error";
  readonly detail: string;
}

export interface LocalInterface {
  readonly name: string;
  readonly mtu: number;
  readonly up: boolean;
  readonly carrier: boolean;
  /** `192.0.2.1/24`. */
  readonly addresses: readonly string[];
  /** net.ipv4.conf.NAME.arp_ignore; null: not readable. */
  readonly arpIgnore: number | null;
}

export interface LocalFacts {
  readonly node: string;
  /** Sorted by name. */
  readonly interfaces: readonly LocalInterface[];
  /** net.ipv4.conf.all.arp_ignore: the larger of this and the interface's own counts. */
  readonly arpIgnoreAll: number | null;
  /** Next hops of the default routes. */
  readonly gateways: readonly string[];
  /** Null: a raw packet socket can be opened; else what the kernel said. */
  readonly rawSockets: string | null;
  readonly frr: {
    /** Of vtysh; null when it does not run. */
    readonly vtysh: string | null;
    /** Of the daemons that answer. */
    readonly version: string | null;
    readonly error: string | null;
    readonly sockets: readonly {
      readonly daemon: string;
      readonly state: "open" | "missing" | "denied";
    }[];
    /** Addresses of neighbours whose session is established. */
    readonly established: readonly string[];
  };
  /** The other nodes' port of membership. */
  readonly members: readonly {
    readonly node: string;
    readonly address: string;
    readonly port: number;
    readonly tcp: Reach;
    /** An encrypted ping of the membership protocol; null: not asked. */
    readonly udp: Reach | null;
  }[];
  /** TCP to the BGP peers that this node has no established session with. */
  readonly peers: readonly {
    readonly peer: string;
    readonly address: string;
    readonly port: number;
    readonly reach: Reach;
  }[];
  /** How far this clock is ahead of the API server's, in seconds; null: there is none to ask. */
  readonly clockAheadS: number | null;
}

export const nodeRef = (name: string) => ({ kind: "Node", namespace: "", name });
