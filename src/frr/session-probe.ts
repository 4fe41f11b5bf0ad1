/**
 * The edge that looks into sessions that are down: a plain connection to the router, and an eye on the
 * router's own attempts. Only while a session is down, and seldom: a router must not feel besieged.
 */
import { connect } from "node:net";
import type { DownSession } from "../api/sent-routes.ts";
import { AppError } from "../errors.ts";
import { openPacketSocket } from "../l2/socket.ts";
import type { PacketSocket } from "../l2/socket.ts";
import type { Instruction } from "../l2/filter.ts";
import type { Ip } from "../net/ip.ts";
import type { Clock } from "../runtime/clock.ts";
import { decodeSyn } from "./tcp-md5.ts";
import type { Syn } from "./tcp-md5.ts";
import { faultOf } from "./session-fault.ts";
import type { Evidence, Fault, Probe } from "./session-fault.ts";

export interface SessionProbe {
  /** Looks into these from now on, and no longer into others; what keeps each down, as far as is known, by key. */
  look(down: readonly DownSession[]): ReadonlyMap<string, Fault>;
  /** Told when more is known. */
  onNews(listener: () => void): void;
  close(): void;
}

type Down = DownSession & { readonly address: Ip };
const isReachable = (one: DownSession): one is Down => one.address !== null;

/** Kernels give a neighbour up after three seconds: an address that nobody has must not look silent. */
const PATIENCE_MS = 4000;
const EVERY_MS = 10_000;
/** What a router tried is believed for so long: it tries again every two minutes. */
const BELIEVE_SYN_MS = 180_000;

export function sessionProbe(clock: Clock): SessionProbe {
  let onNews: () => void = () => undefined;
  const probes = new Map<string, { readonly atMs: number; readonly probe: Probe | null }>();
  const syns = new Map<Ip, { readonly atMs: number; readonly syn: Syn }>();
  let wanted: ReadonlySet<Ip> = new Set();
  let eyes: readonly PacketSocket[] | null = null;

  const seen = (frame: Uint8Array): void => {
    const syn = decodeSyn(frame);
    if (syn === null || !wanted.has(syn.source)) return;
    const before = syns.get(syn.source);
    syns.set(syn.source, { atMs: clock.now(), syn });
    if (before === undefined || before.syn.signed !== syn.signed) onNews();
  };
  const blink = (): void => {
    for (const socket of eyes ?? []) socket.close();
    eyes = null;
  };
  const open = (): readonly PacketSocket[] => {
    const opened: PacketSocket[] = [];
    for (const { etherType, filter } of [IPV4_SYN, IPV6_SYN])
      try {
        opened.push(
          openPacketSocket(
            { ifindex: 0, etherType, filter, ringFrames: 64 },
            (frames) => frames.forEach(({ octets }) => seen(octets)),
            () => undefined, // an interface went away; the others go on
          ),
        );
      } catch (error) {
        if (!(error instanceof AppError)) throw error; // without the right to look there is less to tell
      }
    return opened;
  };
  const start = (one: Down): void => {
    const before = probes.get(one.key);
    if (before !== undefined && clock.now() - before.atMs < EVERY_MS) return;
    probes.set(one.key, { atMs: clock.now(), probe: before?.probe ?? null });
    void probePeer(one).then((probe) => {
      if (!probes.has(one.key)) return;
      const last = probes.get(one.key);
      probes.set(one.key, { atMs: last?.atMs ?? clock.now(), probe });
      if (last?.probe !== probe) onNews();
    });
  };

  const evidenceOf = ({ key, address, password }: DownSession): Evidence => {
    const known = address === null ? undefined : syns.get(address);
    const fresh = known !== undefined && clock.now() - known.atMs < BELIEVE_SYN_MS;
    const syn = fresh
      ? { signed: known.syn.signed, fits: password !== null && known.syn.fits(password) }
      : null;
    return { probe: probes.get(key)?.probe ?? null, syn, hasPassword: password !== null };
  };

  return {
    onNews(listener) {
      onNews = listener;
    },
    look(down) {
      const near = down.filter(isReachable);
      const keys = new Set(near.map(({ key }) => key));
      for (const key of probes.keys()) if (!keys.has(key)) probes.delete(key);
      wanted = new Set(near.map(({ address }) => address));
      for (const ip of syns.keys()) if (!wanted.has(ip)) syns.delete(ip);
      if (near.length === 0) blink();
      else eyes ??= open();
      // While messages go to and fro, one more connection would only disturb.
      for (const one of near) if (!one.state.startsWith("Open")) start(one);
      return new Map(down.map((one) => [one.key, faultOf(one, evidenceOf(one))]));
    },
    close() {
      blink();
      probes.clear();
    },
  };
}

/** Connects and hangs up. Never throws. */
export function probePeer({
  address,
  port,
  source,
}: Pick<Down, "address" | "port" | "source">): Promise<Probe> {
  return new Promise((resolve) => {
    const socket = connect({
      host: address,
      port,
      ...(source !== null && { localAddress: source }),
    });
    const end = (probe: Probe): void => {
      clearTimeout(late);
      socket.destroy();
      resolve(probe);
    };
    const late = setTimeout(() => end("silent"), PATIENCE_MS);
    socket.once("connect", () => end("connected"));
    socket.once("error", ({ code }: NodeJS.ErrnoException) =>
      end(code === "ECONNREFUSED" || code === "ECONNRESET" ? "refused" : "unreachable"),
    );
  });
}

const step = (code: number, k: number, jt = 0, jf = 0): Instruction => ({ code, jt, jf, k });
const [LOAD_HALF, LOAD_BYTE, EQUAL, AND, RETURN] = [0x28, 0x30, 0x15, 0x54, 0x06];
/** Relative to the index register, which `HEADER_LENGTH` sets to that of the IPv4 header. */
const [HALF_AFTER, BYTE_AFTER, HEADER_LENGTH] = [0x48, 0x50, 0xb1];
const [PASS, DROP] = [step(RETURN, 0x40000), step(RETURN, 0)];

/** SYN without ACK to port 179, in the kernel: nothing of the data plane reaches this process. */
const IPV4_SYN = {
  etherType: 0x0800,
  filter: [
    ...[step(LOAD_BYTE, 23), step(EQUAL, 6, 0, 6)],
    step(HEADER_LENGTH, 14),
    ...[step(HALF_AFTER, 16), step(EQUAL, 179, 0, 3)],
    ...[step(BYTE_AFTER, 27), step(AND, 0x12), step(EQUAL, 0x02, 1, 0)],
    DROP,
    PASS,
  ],
};
const IPV6_SYN = {
  etherType: 0x86dd,
  filter: [
    ...[step(LOAD_BYTE, 20), step(EQUAL, 6, 0, 5)],
    ...[step(LOAD_HALF, 56), step(EQUAL, 179, 0, 3)],
    ...[step(LOAD_BYTE, 67), step(AND, 0x12), step(EQUAL, 0x02, 1, 0)],
    DROP,
    PASS,
  ],
};
