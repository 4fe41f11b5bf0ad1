import type { Ip } from "../net/ip.ts";
import { isOn } from "./interfaces.ts";
import type { Interfaces, Port } from "./interfaces.ts";

/** Addresses none of whose interfaces can answer: each is told once, until it has one or is given up. */
export class Places {
  readonly #failed = new Set<Ip>();

  /** Those that have just lost, or never had, a place. */
  check(
    announced: ReadonlyMap<Ip, Interfaces>,
    ports: readonly Port[],
  ): readonly { readonly ip: Ip; readonly interfaces: readonly string[] }[] {
    const news: { ip: Ip; interfaces: readonly string[] }[] = [];
    for (const ip of this.#failed) if (!announced.has(ip)) this.#failed.delete(ip);
    for (const [ip, choice] of announced)
      if (choice === "*" || ports.some((p) => isOn(choice, p))) this.#failed.delete(ip);
      else if (!this.#failed.has(ip)) {
        this.#failed.add(ip);
        news.push({ ip, interfaces: choice });
      }
    return news;
  }
}
