/** A world that is right, and hands that spoil it: values that have broken parsers before, at any place of any object. */
import type { Random } from "../../chaos/random.ts";

export type Json =
  null | boolean | number | string | readonly Json[] | { readonly [k: string]: Json };

/** Would be seen in frr.conf if it got there as a line of its own. */
export const LINE = " neighbor 192.0.2.66 remote-as 64666";

const TEXTS: readonly string[] = [
  ...["", " ", "\n", "\r\n", "\t", "\0", "!", "#", "?", "'", '"', "\\", "%s", "{{x}}", "${x}", "`id`", "$(id)"],
  ...["a\nb", `x\n${LINE}`, `x\r${LINE}`, `x\u2028${LINE}`, `x\u0085${LINE}`, `x\v${LINE}`, `x ${LINE}`, `x\n!\nrouter bgp 1\n${LINE}\nexit`],
  ...["exit", "end", "no", "bgp", "do", "!\nend", "64666\nline vty", "x\nenable password y"],
  ...["__proto__", "constructor", "hasOwnProperty", "toString", "prototype", "null", "undefined", "NaN", "true", "1e400"],
  ...["-1", "0", "1", "65535", "65536", "4294967295", "4294967296", "18446744073709551616", "1e9", "0x10", "٣"],
  ...["0.0.0.0", "0.0.0.0/0", "::", "::/0", "::1", "127.0.0.1", "255.255.255.255", "224.0.0.1", "169.254.0.1", "fe80::1", "fe80::1%eth0", "ff02::1", "::ffff:192.0.2.1", "192.0.2.1/33", "192.0.2.01", "192.0.2.256", "1.2.3", "2001:db8::/129", "2001:db8::/0", "192.0.2.9-192.0.2.1", "192.0.2.1-2001:db8::1", "0.0.0.0-255.255.255.255", "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
  ...["1:2", "0:0", "65535:65535", "65536:1", "large:1:2:3", "large:4294967295:0:0", "large:1:2", "no-export", "1:2:3", "a:b", ":"],
  ...["1s", "0s", "-1s", "9223372036s", "1ns", "1h1m1s", "s", "90", "1.5s", "٣s"],
  ...["🙂", "é", "e\u0301", "\ud800", "\u202e", "x".repeat(300), "x".repeat(70_000), "a,b", "../../etc/passwd", "a/b", "a/b/c"],
]; // prettier-ignore
const NUMBERS: readonly number[] = [
  ...[0, -0, 1, -1, 0.5, 63, 64, 65, 128, 129, 254, 255, 256, 65535, 65536, 4294967295, 4294967296],
  ...[2 ** 53, -(2 ** 53), 1e21, 1e308, Number.MIN_VALUE],
];

export const hostile = (random: Random, depth = 0): Json => {
  switch (random.between(0, depth > 2 ? 3 : 6)) {
    case 0:
    case 1:
      return random.pick(TEXTS);
    case 2:
      return random.pick(NUMBERS);
    case 3:
      return random.pick([null, true, false]);
    case 4:
      return Array.from({ length: random.between(0, 4) }, () => hostile(random, depth + 1));
    default:
      return Object.fromEntries(
        Array.from({ length: random.between(0, 3) }, () => [
          random.pick([...TEXTS.slice(0, 60), "name", "key", "operator", "values", "matchLabels"]),
          hostile(random, depth + 1),
        ]),
      );
  }
};

/** One value somewhere inside is replaced, left out, doubled, or put beside. */
export function spoil(value: Json, random: Random): Json {
  if (Array.isArray(value)) {
    const list = value as readonly Json[];
    if (list.length === 0 || random.next() < 0.15) return [...list, hostile(random)];
    const i = random.between(0, list.length - 1);
    const dice = random.next();
    if (dice < 0.1) return list.filter((_, n) => n !== i);
    if (dice < 0.2) return [...list, list[i] ?? null];
    return list.map((v, n) => (n === i ? spoil(v, random) : v));
  }
  if (typeof value !== "object" || value === null) {
    // Sometimes only a part of a text: what begins right is believed the longest.
    if (typeof value === "string" && random.next() < 0.4) {
      const at = random.between(0, value.length);
      return `${value.slice(0, at)}${random.pick(TEXTS)}${value.slice(at)}`;
    }
    return hostile(random);
  }
  const fields = value as { readonly [k: string]: Json };
  const keys = Object.keys(fields);
  const [key] = keys.length === 0 ? [undefined] : [random.pick(keys)];
  if (key === undefined || random.next() < 0.07)
    return { ...fields, [random.pick(TEXTS)]: hostile(random) };
  const old = fields[key] ?? null;
  if (random.next() < 0.07) return Object.fromEntries(Object.entries(fields).filter(([k]) => k !== key)); // prettier-ignore
  if (random.next() < 0.1) return { ...fields, [key]: hostile(random) };
  return { ...fields, [key]: spoil(old, random) };
}

/** Octets are flipped, cut out, doubled, put in. */
export function spoilText(text: string, random: Random): string {
  let now = text;
  for (let times = random.between(1, 4); times > 0; times--) {
    const at = random.between(0, now.length);
    const length = random.between(0, Math.min(40, now.length - at));
    const piece = now.slice(at, at + length);
    const put = random.pick(["", piece + piece, random.pick(TEXTS), String.fromCharCode(random.between(0, 255))]); // prettier-ignore
    now = now.slice(0, at) + put + now.slice(at + length);
  }
  return random.next() < 0.15 ? now.slice(0, random.between(0, now.length)) : now;
}
