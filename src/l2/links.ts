/** Follows the interfaces of this network namespace as they come and go: one responder on each that can answer. */
import type { Mac } from "../net/mac.ts";
import type { Clock } from "../runtime/clock.ts";
import { portsOf } from "./interfaces.ts";
import type { NameTest, Port } from "./interfaces.ts";
import type { Responder } from "./responder.ts";
import { readLinks, watchLinks } from "./socket.ts";

const RETRY_MS = 500;
const CALM_MS = 25;

export interface LinkPorts {
  readonly clock: Clock;
  readonly excludes: readonly NameTest[];
  /** A responder that listens, or an error when the interface does not let it. */
  open(port: Port): Responder;
  /** Something is different; on these the interface, or its carrier, is new. */
  changed(fresh: readonly Port[]): void;
  failed(port: string, error: unknown): void;
}

const identity = ({ running: _, ...rest }: Port): string => JSON.stringify(rest);

export class Links {
  readonly #o: LinkPorts;
  readonly #responders = new Map<number, Responder>();
  readonly #stopWatching: () => void;
  #ports: readonly Port[] = [];
  #ownMacs: ReadonlySet<Mac> = new Set();
  #cancelRetry: (() => void) | null = null;
  #cancelCalm: (() => void) | null = null;
  #again = false;
  #closed = false;

  constructor(options: LinkPorts) {
    this.#o = options;
    this.#stopWatching = watchLinks(() => this.#rescanSoon());
  }

  /** Those that can answer, without carrier or not. */
  get ports(): readonly Port[] {
    return this.#ports;
  }

  /** MACs of all interfaces of this node. */
  get ownMacs(): ReadonlySet<Mac> {
    return this.#ownMacs;
  }

  responders(): readonly Responder[] {
    return [...this.#responders.values()];
  }

  /** The responder failed: it is opened anew a little later. */
  lose(responder: Responder, error: unknown): void {
    responder.close();
    this.#responders.delete(responder.port.index);
    this.#fail(responder.port.name, error);
  }

  /** The kernel says that the socket's interface went down or away: look at once. */
  lost({ index }: Port): void {
    this.#responders.get(index)?.close();
    this.#responders.delete(index);
    this.rescan();
  }

  close(): void {
    this.#closed = true;
    this.#stopWatching();
    this.#cancelRetry?.();
    this.#cancelCalm?.();
    for (const responder of this.#responders.values()) responder.close();
    this.#responders.clear();
  }

  /** At once, then at most every `CALM_MS`: a node whose pods come and go has many changes. */
  #rescanSoon(): void {
    if (this.#cancelCalm !== null) {
      this.#again = true;
      return;
    }
    this.#again = false;
    this.#cancelCalm = this.#o.clock.after(CALM_MS, () => {
      this.#cancelCalm = null;
      if (this.#again) this.#rescanSoon();
    });
    this.rescan();
  }

  rescan(): void {
    if (this.#closed) return;
    this.#cancelRetry?.();
    this.#cancelRetry = null;
    const before = this.#ports;
    try {
      const links = readLinks();
      this.#ports = portsOf(links, this.#o.excludes);
      this.#ownMacs = new Set(links.flatMap(({ mac }) => mac ?? []));
    } catch (error) {
      this.#fail("*", error);
      return;
    }
    const fresh = this.#reopen();
    const known = new Map(before.map((p) => [p.index, JSON.stringify(p)]));
    const isSame =
      before.length === this.#ports.length &&
      this.#ports.every((p) => known.get(p.index) === JSON.stringify(p));
    if (isSame && fresh.size === 0) return;
    const wasRunning = new Set(before.filter((p) => p.running).map((p) => p.index));
    const isFresh = ({ index, running }: Port): boolean =>
      fresh.has(index) || (running && !wasRunning.has(index));
    this.#o.changed(this.#ports.filter(isFresh));
  }

  /** Opens what appeared or changed, closes what is gone. Returns the indices of what is new. */
  #reopen(): ReadonlySet<number> {
    const wanted = new Map(this.#ports.map((p) => [p.index, p]));
    for (const [index, responder] of [...this.#responders]) {
      const port = wanted.get(index);
      if (port !== undefined && identity(port) === identity(responder.port)) continue;
      responder.close();
      this.#responders.delete(index);
    }
    const fresh = new Set<number>();
    for (const port of this.#ports) {
      if (this.#responders.has(port.index)) continue;
      try {
        this.#responders.set(port.index, this.#o.open(port));
        fresh.add(port.index);
      } catch (error) {
        this.#fail(port.name, error);
      }
    }
    return fresh;
  }

  #fail(port: string, error: unknown): void {
    this.#o.failed(port, error);
    this.#cancelRetry ??= this.#o.clock.after(RETRY_MS, () => this.rescan());
  }
}
