/** Why a session is down: what FRR says last, beside what a plain connection and the router's own attempts show. Pure. */
import type { ReasonWord } from "../api/reason-words.ts";
import type { DownSession } from "../api/sent-routes.ts";

/** A plain TCP connection from this node to the peer's BGP port. */
export type Probe = "connected" | "refused" | "unreachable" | "silent";

export interface Evidence {
  /** Null: not tried (yet). */
  readonly probe: Probe | null;
  /** The router's last attempt to connect; null: none was seen. */
  readonly syn: { readonly signed: boolean; readonly fits: boolean } | null;
  readonly hasPassword: boolean;
}

export interface Fault {
  readonly reason: ReasonWord;
  readonly message: string;
}

const fault = (reason: ReasonWord, message: string): Fault => ({ reason, message });

type Session = Pick<DownSession, "state" | "detail">;

/** Messages go to and fro. */
const isOpening = (state: string): boolean => state.startsWith("Open");

/** The same whichever state of an attempt FRR is in: what is told changes when something is learned. */
export function faultOf(session: Session, evidence: Evidence): Fault {
  return tcpFault(session, evidence) ?? saidFault(session) ?? openFault(session);
}

/** Where TCP does not come through now, what was said earlier is over. */
function tcpFault({ state }: Session, { probe, syn, hasPassword }: Evidence): Fault | null {
  switch (probe) {
    case "unreachable":
      return fault(
        "peerUnreachable",
        "nobody has the address: no answer to ARP or NDP, or no route",
      );
    case "refused":
      return fault("peerRefuses", "the connection is refused: no BGP runs there on this port");
    case "silent":
      return passwordFault(syn, hasPassword) ?? silence(hasPassword);
    case "connected":
      // Our own segments are signed and get no answer; an unsigned one does.
      return hasPassword && !isOpening(state)
        ? fault("wrongPassword", "the router answers without a password, and the BGPPeer has one")
        : null;
    case null:
      return null;
    default:
      return probe satisfies never;
  }
}

function passwordFault(syn: Evidence["syn"], hasPassword: boolean): Fault | null {
  if (syn === null) return null;
  if (syn.signed && !hasPassword)
    return fault("wrongPassword", "the router uses a password (TCP MD5), and the BGPPeer has none");
  if (!syn.signed && hasPassword)
    return fault("wrongPassword", "the router uses no password, and the BGPPeer has one");
  return syn.signed && !syn.fits
    ? fault("wrongPassword", "the router signs with another password than the BGPPeer has")
    : null;
}

const silence = (hasPassword: boolean): Fault =>
  fault(
    "portFiltered",
    "the host answers, but nothing comes back from its BGP port: a firewall drops it" +
      (hasPassword ? ", or the router has another password" : ", or the router wants a password"),
  );

/** By the last NOTIFICATION (RFC 4271, 4.5) or reset. */
function saidFault({ detail: { last } }: Session): Fault | null {
  const { code, direction, dueTo, notification } = last;
  if (code === "0202")
    return direction === "sent"
      ? fault("wrongAS", "the router says that it is another AS than spec.peerASN (Bad Peer AS)")
      : fault("refusedAS", "the router expects another AS than spec.myASN (it says Bad Peer AS)");
  if (code === "0400") return fault("holdTimerExpired", "nothing came for the hold time");
  if (code === "0602" || code === "0603")
    return fault("peerShutdown", `the router closed the session: ${notification ?? "Cease"}`);
  if (/BFD/i.test(dueTo ?? "") || last.bfdDown)
    return fault("bfdDown", "BFD does not come up or went down");
  return null;
}

function openFault({ state, detail: { opensSent, opensReceived, last } }: Session): Fault {
  // The one that is under way may yet be answered.
  if (opensReceived === 0 && opensSent > (isOpening(state) ? 1 : 0))
    return fault("peerRefuses", "the router closes the connection: it may not have this node as a neighbor"); // prettier-ignore
  const said = last.notification === null ? "" : `; last: ${last.notification} (${last.direction ?? "said"})`; // prettier-ignore
  return fault("sessionNotEstablished", `it is being tried${said}`);
}
