/**
 * One probe of one node (SWIM's protocol period with Lifeguard's nacks): ping, after the probe timeout
 * ping-req through others and a TCP ping, and the verdict at the end of the period.
 */
import type { Acks } from "./acks.ts";
import type { Clock } from "./clock.ts";
import type { IndirectPing, Ping } from "./messages.ts";
import type { Timing } from "./profiles.ts";
import type { Member } from "./member.ts";
import { NACK_SINCE, TCP_PING_SINCE, speaks } from "./versions.ts";

export type Verdict =
  | { readonly kind: "alive"; readonly by: "ping" | "tcp" }
  /** `missingNacks`: relays that should have answered but did not; null when none could be asked. */
  | { readonly kind: "silent"; readonly missingNacks: number | null; readonly host: HostWord };

/** What the silent node's host says to a connection: nobody listens, somebody does, or nothing at all. */
export type HostWord = "refuses" | "accepts" | "silent";

export interface ProbePorts {
  readonly clock: Clock;
  readonly acks: Acks;
  readonly timing: Timing;
  /** To the target, with the suspicion about it when it is suspected, else with gossip. */
  sendPing(target: Member, seqNo: number): void;
  /** Up to `timing.indirectChecks` other alive nodes, at random. */
  relays(target: Member): readonly Member[];
  sendIndirect(relay: Member, target: Member, seqNo: number, nack: boolean): void;
  /** True for the right answer; else what the host said. `accepted` is called as soon as it took the connection. */
  tcpPing(
    target: Member,
    seqNo: number,
    timeoutMs: number,
    accepted: () => void,
  ): Promise<true | HostWord>;
}

export function probe(
  target: Member,
  periodMs: number,
  ports: ProbePorts,
  done: (verdict: Verdict) => void,
): void {
  const { clock, acks, timing } = ports;
  const seqNo = acks.next();
  const timeoutMs = Math.min(timing.probeTimeoutMs, periodMs);
  let askedMs = clock.now() + timeoutMs;
  let finished = false;
  let nacks = 0;
  let nackable = 0;
  let tcp: true | HostWord = "silent";
  const finish = (verdict: Verdict): void => {
    if (finished) return;
    finished = true;
    cancelFallback();
    done(verdict);
  };
  const verdictAtEnd = (): Verdict =>
    tcp === true
      ? { kind: "alive", by: "tcp" }
      : {
          kind: "silent",
          missingNacks: nackable > 0 ? Math.max(0, nackable - nacks) : null,
          host: tcp,
        };
  const wait = (ms: number): void =>
    acks.wait(
      seqNo,
      ms,
      (acked) => {
        // The relays and the host were asked late when we were: they have their time all the same.
        const leftMs = askedMs + periodMs - timeoutMs - clock.now();
        if (acked) finish({ kind: "alive", by: "ping" });
        else if (leftMs > 1 && !finished) wait(leftMs);
        else finish(verdictAtEnd());
      },
      () => nacks++,
    );
  wait(periodMs);
  const cancelFallback = clock.after(timeoutMs, () => {
    askedMs = clock.now();
    for (const relay of ports.relays(target)) {
      const nack = speaks(relay) >= NACK_SINCE;
      if (nack) nackable++;
      ports.sendIndirect(relay, target, seqNo, nack);
    }
    if (!timing.tcpPings || speaks(target) < TCP_PING_SINCE) return;
    const leftMs = Math.max(1, periodMs - timeoutMs);
    const accepted = (): void => void (tcp = "accepts");
    void ports.tcpPing(target, seqNo, leftMs, accepted).then((answer) => {
      tcp = answer;
      // The host itself says that nobody listens: no need to wait for the period to end.
      if (answer === "refuses" && timing.refusedMeansDead) finish(verdictAtEnd());
    });
  });
  ports.sendPing(target, seqNo);
}

/** Health score change of a verdict (Lifeguard's awareness). */
export const healthOf = (verdict: Verdict): number =>
  verdict.kind === "alive" ? -1 : (verdict.missingNacks ?? 1);

export const pingOf = (own: Member, node: string, seqNo: number): Ping => ({
  kind: "ping",
  seqNo,
  node,
  sourceAddr: own.addr,
  sourcePort: own.port,
  sourceNode: own.name,
});

export const indirectOf = (
  own: Member,
  target: Member,
  seqNo: number,
  nack: boolean,
): IndirectPing => ({
  kind: "indirectPing",
  seqNo,
  target: target.addr,
  port: target.port,
  node: target.name,
  nack,
  sourceAddr: own.addr,
  sourcePort: own.port,
  sourceNode: own.name,
});
