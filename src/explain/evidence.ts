/**
 * What speakers and FRR really did, held against what they should do. Only what was looked at counts: without
 * reports the intention stands, so that a manifest and a cluster without faults get the same answer.
 */
import type { ObjectRef } from "../api/objects.ts";
import type { AnnouncementReport } from "../api/resources.ts";
import { conflictsOf } from "./conflicts.ts";
import type { Bgp } from "./bgp.ts";
import { no, note } from "./explanation.ts";
import type { Step } from "./explanation.ts";
import type { Facts } from "./facts.ts";
import type { Layer2 } from "./layer2.ts";
import { downStep, sessionOn } from "./sessions.ts";
import type { SeenSession } from "./sessions.ts";
import { splitFrom } from "./speakers.ts";

export interface Evidence {
  readonly layer2: Layer2;
  readonly bgp: Bgp;
  /** What keeps it from clients though it is announced: another owner of the address. */
  readonly disputes: readonly Step[];
}

export function withEvidence(facts: Facts, layer2: Layer2, bgp: Bgp): Evidence {
  return {
    layer2: answered(facts, layer2),
    bgp: sent(facts, bgp),
    disputes: [...split(facts, layer2), ...contested(facts), ...unheard(facts, layer2)],
  };
}

/** The report of a living speaker about this Service. */
const reportOn = ({ observed, ref, alive }: Facts, node: string): AnnouncementReport | undefined =>
  alive.has(node)
    ? observed.announcementReports.find(
        ({ status }) =>
          status?.node === node &&
          status.serviceName === ref.name &&
          status.serviceNamespace === ref.namespace,
      )
    : undefined;

interface Failure {
  readonly node: string;
  readonly peer: string;
  readonly key: string;
  step(nodes: readonly string[]): Step;
}

function sent(facts: Facts, bgp: Bgp): Bgp {
  const failures: Failure[] = [];
  const nodes = new Map(
    [...bgp.nodes].map(([node, line]) => {
      const failed = line.peers.flatMap((peer) => failureOf(facts, node, peer) ?? []);
      failures.push(...failed);
      const peers = line.peers.filter((peer) => !failed.some((f) => f.peer === peer));
      const [first] = failed;
      const reason =
        peers.length === 0 && first !== undefined ? first.step([node]).reason : line.reason;
      return [node, { reason, peers }] as const;
    }),
  );
  if (failures.length === 0) return bgp;
  const announced = [...nodes.values()].some(({ peers }) => peers.length > 0);
  const groups = new Map<string, Failure[]>();
  for (const f of failures) groups.set(f.key, [...(groups.get(f.key) ?? []), f]);
  const told = [...groups.values()]
    .map((group) => group[0]?.step(group.map((f) => f.node)))
    .filter((step) => step !== undefined);
  const senders = [...nodes]
    .filter(([, { peers }]) => peers.length > 0)
    .map(([name, { peers }]): Step => ({
      ...bgpStep(name),
      message: `sends it to ${peers.join(", ")}`,
    }));
  const others = bgp.steps.filter((s) => s.verdict !== "yes");
  return { ...bgp, announced, nodes, steps: [...senders, ...told, ...others] };
}

const bgpStep = (name: string): Step => ({
  verdict: "yes",
  reason: "bgp",
  object: { kind: "Node", namespace: "", name },
  path: "",
  message: "",
  fix: null,
});

function failureOf(facts: Facts, node: string, peer: string): Failure | null {
  const object = { kind: "BGPPeer", namespace: facts.snapshot.namespace, name: peer };
  const session = sessionOn(facts, node, peer);
  if (session?.reason === "frrUnreachable")
    return {
      node,
      peer,
      key: "frrUnreachable",
      step: (nodes) => unsentStep(object, nodes, "frrUnreachable", [], session),
    };
  if (session !== undefined && session.state !== "Established")
    return {
      node,
      peer,
      key: `${peer} ${session.reason ?? ""}`,
      step: (nodes) => downStep(object, nodes.join(", "), session),
    };
  const told = reportOn(facts, node)?.status?.bgp?.peers?.find((p) => p.peer === peer);
  if (told === undefined || told.sent || !told.intended || told.reason === "pending") return null;
  const reason = told.reason ?? "deniedOutbound";
  return {
    node,
    peer,
    key: `${peer} ${reason}`,
    step: (nodes) => unsentStep(object, nodes, reason, told.prefixes ?? [], session),
  };
}

function unsentStep(
  object: ObjectRef,
  nodes: readonly string[],
  reason: string,
  prefixes: readonly string[],
  session: SeenSession | undefined,
): Step {
  const [node = ""] = nodes;
  const at = { kind: "Node", namespace: "", name: node };
  switch (reason) {
    case "frrUnreachable":
      return no(
        "frrUnreachable",
        at,
        "",
        `FRR on ${nodes.join(", ")} does not answer the speaker`,
        "see the FRR container of the speaker Pod: kubectl logs -n metallb-system -l component=speaker -c frr",
      );
    case "deniedOutbound":
      return no(
        "deniedOutbound",
        object,
        "",
        `FRR on ${nodes.join(", ")} keeps ${prefixes.join(", ")} back from ${session?.neighbor ?? object.name}: an outbound policy that is not ours denies it`,
        "look for hand-made route-maps or prefix-lists on this neighbor, and in ConfigMap bgpextras",
      );
    default:
      return no(
        "sessionNotEstablished",
        object,
        "",
        `${nodes.join(", ")}: the session is not established`,
        "ferrolb explain peer shows each node",
      );
  }
}

/** The node that should answer says itself that it does not. */
function answered(facts: Facts, layer2: Layer2): Layer2 {
  const [winner] = [...layer2.reasons].filter(([, why]) => why === "").map(([node]) => node);
  if (!layer2.announced || winner === undefined) return layer2;
  const told = reportOn(facts, winner)?.status?.l2;
  if (told === undefined || told.announced || told.reason === undefined) return layer2;
  const reason = told.reason === "notOwner" ? null : told.reason;
  if (reason === null) return layer2; // it has not heard yet
  const reasons = new Map(layer2.reasons).set(winner, reason);
  const all = facts.pool?.l2Advertisements ?? [];
  const listing = all.find((a) => a.interfaces.length > 0) ?? all[0];
  const step =
    reason === "noInterface" || reason === "announceFailed"
      ? no(
          "noInterface",
          {
            kind: "L2Advertisement",
            namespace: facts.snapshot.namespace,
            name: listing?.names[0] ?? "",
          },
          "spec.interfaces",
          `none of the listed interfaces (${listing?.interfaces.join(", ") ?? ""}) is up on ${winner}`,
          "list an interface that exists there, or none to use all",
        )
      : no(
          reason === "yieldedInDuel" ? "yieldedInDuel" : "notAnnounced",
          { kind: "Node", namespace: "", name: winner },
          "",
          `${winner} was elected and does not answer: ${told.message ?? reason}`,
          "see the log of its speaker",
        );
  const others = layer2.steps.filter((s) => s.verdict !== "yes");
  return { ...layer2, announced: false, reasons, steps: [step, ...others] };
}

/** Speakers that do not hear each other elect an owner on each side. */
function split(facts: Facts, layer2: Layer2): readonly Step[] {
  if (!layer2.announced) return [];
  const owners = facts.observed.announcementReports
    .filter(({ status }) => status?.l2?.announced === true)
    .filter(
      ({ status }) =>
        status?.serviceName === facts.ref.name && status.serviceNamespace === facts.ref.namespace,
    )
    .flatMap(({ status }) => status?.node ?? [])
    .sort();
  const apart = owners.filter((node) => splitFrom(node, facts.observed.speakerReports).length > 0);
  const [one] = apart;
  if (owners.length < 2 || one === undefined) return [];
  return [apartStep(facts, one, owners.find((node) => node !== one) ?? "")];
}

const apartStep = (facts: Facts, one: string, other: string): Step =>
  no(
    "memberMissing",
    { kind: "Node", namespace: "", name: one },
    "",
    `${one} and ${other} both claim ${facts.ips.join(", ")}: the speaker of ${one} does not hear ${splitFrom(one, facts.observed.speakerReports).join(", ")}`,
    "let TCP and UDP port 7946 through between the nodes",
  );

/** Somebody else answers for one of its addresses. */
function contested(facts: Facts): readonly Step[] {
  const seen = new Set<string>();
  return conflictsOf(facts)
    .filter(({ ip }) => facts.ips.some((own) => own === ip))
    .flatMap(({ ip, mac, interface: port, heardBy, node }) => {
      const key = `${ip} ${mac}`;
      if (seen.has(key)) return [];
      seen.add(key);
      const apart = splitFrom(heardBy, facts.observed.speakerReports);
      if (node !== null && apart.includes(node)) return [apartStep(facts, heardBy, node)];
      return [
        node === null
          ? no(
              "addressConflict",
              facts.ref,
              "status.loadBalancer.ingress",
              `${mac} on ${port} of ${heardBy} answers for ${ip} too, and is no node of the cluster`,
              "take the address from that host, or out of the pool",
            )
          : no(
              "strictARPOff",
              { kind: "Node", namespace: "", name: node },
              "",
              `${node} answers ARP for ${ip} too (heard by ${heardBy} on ${port}), though it does not announce it: under IPVS without strictARP every node does`,
              "set ipvs.strictARP: true in ConfigMap kube-system/kube-proxy and restart kube-proxy",
            ),
      ];
    });
}

/** A neighbour of the owner asks for one of the addresses and hears nothing. */
function unheard(facts: Facts, layer2: Layer2): readonly Step[] {
  if (!layer2.announced) return [];
  return facts.observed.speakerReports
    .filter(({ status }) => facts.alive.has(status?.node ?? ""))
    .flatMap(({ status }) =>
      (status?.notHeard ?? []).map((one) => ({ ...one, by: status?.node ?? "" })),
    )
    .filter(
      ({ ip, node }) => facts.ips.some((own) => own === ip) && layer2.reasons.get(node) === "",
    )
    .map(({ ip, node, by, since }) =>
      no(
        "notHeard",
        { kind: "Node", namespace: "", name: node },
        "",
        `${node} answers for ${ip}, and ${by} on the same segment does not hear it since ${since}: something between them keeps ARP or NDP back`,
        "look at the switch port, its VLAN and its ARP inspection, and at nft rules of the bridge and netdev families",
      ),
    );
}

/** A note for each session that is up, so that a reader sees what was looked at. */
export const sessionNotes = (facts: Facts, bgp: Bgp): readonly Step[] =>
  [...bgp.nodes].flatMap(([node, { peers }]) =>
    peers.flatMap((peer) => {
      const session = sessionOn(facts, node, peer);
      return session?.state === "Established"
        ? [
            note(
              "session",
              { kind: "Node", namespace: "", name: node },
              "",
              `session with ${peer} (${session.neighbor}) is Established since ${session.since ?? "?"}, ${session.prefixesSent ?? 0} prefixes sent`,
            ),
          ]
        : [];
    }),
  );
