/** UDP and TCP on one address and port: the edge of this room, and the port that simulations fill otherwise. */
import { createSocket } from "node:dgram";
import type { Socket as UdpSocket } from "node:dgram";
import { connect, createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { AppError } from "../errors.ts";
import { ipFromOctets, parseIp, ipOctets } from "../net/ip.ts";

/** 4 or 16 octets, and the port of both protocols. */
export interface Endpoint {
  readonly addr: Uint8Array;
  readonly port: number;
}

export const endpointText = (e: Endpoint): string => `${ipFromOctets(e.addr)} port ${e.port}`;

/** One TCP exchange, from either side. */
export interface Conversation {
  write(octets: Uint8Array): void;
  /** All octets so far, once `complete` says that they suffice or the peer has closed. @throws ConversationError */
  read(complete: (octets: Uint8Array) => boolean, timeoutMs: number): Promise<Uint8Array>;
  close(): void;
}

/** `refused`: the host answered that nobody listens there. */
export class ConversationError extends Error {
  readonly reason: "refused" | "timeout" | "failed" | "tooLarge";
  constructor(reason: ConversationError["reason"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

export interface Receiver {
  packet(octets: Uint8Array, from: Endpoint): void;
  conversation(conversation: Conversation): Promise<void>;
}

export interface Transport {
  readonly local: Endpoint;
  receive(receiver: Receiver): void;
  /** Fire and forget; what is lost is lost. */
  send(octets: Uint8Array, to: Endpoint): void;
  /** @throws ConversationError */
  dial(to: Endpoint, timeoutMs: number): Promise<Conversation>;
  close(): Promise<void>;
}

/** Largest conversation: the protocol's 20 MiB frame and its head. */
const MAX_OCTETS = 20 * 1024 * 1024 + 64;
const MAX_CONVERSATIONS = 127;
const RECEIVE_BUFFER = 2 * 1024 * 1024;

class SocketConversation implements Conversation {
  readonly #socket: Socket;
  readonly #chunks: Buffer[] = [];
  #size = 0;
  #ended = false;
  #failure: ConversationError | null = null;
  #wake: (() => void) | null = null;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk) => {
      this.#chunks.push(chunk);
      this.#size += chunk.length;
      if (this.#size > MAX_OCTETS)
        this.#fail(new ConversationError("tooLarge", "peer sends too much"));
      this.#wake?.();
    });
    socket.on("end", () => {
      this.#ended = true;
      this.#wake?.();
    });
    socket.on("close", () => {
      this.#ended = true;
      this.#wake?.();
    });
    socket.on("error", (cause) =>
      this.#fail(new ConversationError("failed", cause.message, { cause })),
    );
  }

  #fail(error: ConversationError): void {
    this.#failure ??= error;
    this.#socket.destroy();
    this.#wake?.();
  }

  write(octets: Uint8Array): void {
    if (!this.#socket.destroyed) this.#socket.write(octets);
  }

  async read(complete: (octets: Uint8Array) => boolean, timeoutMs: number): Promise<Uint8Array> {
    const timer = setTimeout(
      () => this.#fail(new ConversationError("timeout", "peer is too slow")),
      timeoutMs,
    );
    try {
      let tried = -1;
      for (;;) {
        if (this.#failure !== null) throw this.#failure;
        // Octets that come drop by drop are looked at again only when there is a good part more.
        if (this.#size > tried * 1.1 || this.#ended) {
          const octets = Buffer.concat(this.#chunks);
          if (this.#ended || complete(octets)) return octets;
          tried = this.#size > 65_536 ? this.#size : -1;
        }
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      clearTimeout(timer);
    }
  }

  close(): void {
    this.#socket.end();
    this.#socket.unref();
    setTimeout(() => this.#socket.destroy(), 1000).unref();
  }
}

/**
 * Binds both protocols.
 * @throws AppError `ERR_ENVIRONMENT` naming the address when it can't be bound.
 */
export async function bindTransport(address: string, port: number): Promise<Transport> {
  const ip = parseIp(address);
  const type = ip.includes(":") ? "udp6" : "udp4";
  const udp = createSocket({ type, reuseAddr: false });
  const tcp = createServer({ allowHalfOpen: true });
  try {
    await listenTcp(tcp, ip, port);
    const bound = tcp.address();
    const actual = bound !== null && typeof bound === "object" ? bound.port : port;
    await listenUdp(udp, ip, actual);
    return new SocketTransport(udp, tcp, { addr: ipOctets(ip), port: actual });
  } catch (cause) {
    udp.close();
    tcp.close();
    throw new AppError(
      "ERR_ENVIRONMENT",
      `cannot bind ${ip} port ${port} for membership: ${cause instanceof Error ? cause.message : ""}`,
      { cause },
    );
  }
}

const listenTcp = (server: Server, host: string, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, () => {
      server.off("error", reject);
      resolve();
    });
  });

const listenUdp = (socket: UdpSocket, address: string, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.bind({ address, port }, () => {
      socket.off("error", reject);
      resolve();
    });
  });

class SocketTransport implements Transport {
  readonly local: Endpoint;
  readonly #udp: UdpSocket;
  readonly #tcp: Server;
  readonly #open = new Set<Socket>();
  #closed = false;

  constructor(udp: UdpSocket, tcp: Server, local: Endpoint) {
    this.local = local;
    this.#udp = udp;
    this.#tcp = tcp;
    try {
      udp.setRecvBufferSize(RECEIVE_BUFFER);
    } catch {
      // the kernel's limit is smaller: its default will do
    }
  }

  receive(receiver: Receiver): void {
    this.#udp.on("message", (octets, from) =>
      receiver.packet(octets, {
        addr: ipOctets(parseIp(from.address.split("%")[0] ?? "")),
        port: from.port,
      }),
    );
    // An ICMP error of an earlier datagram; there is nothing to do about it.
    this.#udp.on("error", () => undefined);
    this.#tcp.on("error", () => undefined);
    this.#tcp.on("connection", (socket) => {
      if (this.#open.size >= MAX_CONVERSATIONS) {
        socket.destroy();
        return;
      }
      this.#open.add(socket);
      socket.on("close", () => this.#open.delete(socket));
      const conversation = new SocketConversation(socket);
      receiver.conversation(conversation).then(
        () => conversation.close(),
        () => socket.destroy(),
      );
    });
  }

  send(octets: Uint8Array, to: Endpoint): void {
    if (this.#closed) return; // a probe that was under way when we left
    this.#udp.send(octets, to.port, ipFromOctets(to.addr), () => undefined);
  }

  dial(to: Endpoint, timeoutMs: number): Promise<Conversation> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: ipFromOctets(to.addr), port: to.port, allowHalfOpen: true });
      const timer = setTimeout(() => {
        socket.destroy();
        reject(new ConversationError("timeout", `no connection to ${endpointText(to)}`));
      }, timeoutMs);
      const failed = (cause: NodeJS.ErrnoException): void => {
        clearTimeout(timer);
        const reason = cause.code === "ECONNREFUSED" ? "refused" : "failed";
        reject(new ConversationError(reason, `${endpointText(to)}: ${cause.message}`, { cause }));
      };
      socket.once("error", failed);
      socket.once("connect", () => {
        clearTimeout(timer);
        socket.off("error", failed);
        this.#open.add(socket);
        socket.on("close", () => this.#open.delete(socket));
        resolve(new SocketConversation(socket));
      });
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const socket of this.#open) socket.destroy();
    await Promise.all([
      new Promise<void>((resolve) => this.#udp.close(() => resolve())),
      new Promise<void>((resolve) => this.#tcp.close(() => resolve())),
    ]);
  }
}
