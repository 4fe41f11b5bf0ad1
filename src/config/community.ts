/** Communities: literals (V48) and aliases (V57, V58), crds reference 1.9, 2.9. */
import type { CommunityValue } from "./config.ts";
import { findingsOn, hasError, quoted } from "./findings.ts";
import { fieldsOf, listAt, textAt } from "./read.ts";
import type { Judged, Rules, Table, Version } from "./settle.ts";

/** Digits alone, leading zeros allowed, at most `max`: no sign, no hex, no underscore. */
function part(text: string, max: number): number | null {
  if (!/^\d+$/.test(text)) return null;
  const value = Number(text);
  return value <= max ? value : null;
}

/** `A:B` with 16-bit parts, or `large:A:B:C` with 32-bit parts; null for any other text. */
export function parseCommunity(text: string): CommunityValue | null {
  const words = text.split(":");
  const large = words.length === 4 && words[0] === "large";
  if (!large && words.length !== 2) return null;
  const numbers = (large ? words.slice(1) : words).map((w) => part(w, large ? 4294967295 : 65535));
  if (numbers.includes(null)) return null;
  return { kind: large ? "large" : "standard", text: numbers.join(":") };
}

/** Standard `A:B` counts as large `A*65536+B : 0 : 0` (crds reference 3.2). */
function sortKey(c: CommunityValue): readonly number[] {
  const [a = 0, b = 0, d = 0] = c.text.split(":").map(Number);
  return c.kind === "standard" ? [a * 65536 + b, 0, 0, 0] : [a, b, d, 1];
}

/** Numerically, each value once. */
export function sortedCommunities(list: readonly CommunityValue[]): readonly CommunityValue[] {
  const distinct = new Map(list.map((c) => [`${c.kind} ${c.text}`, c]));
  return [...distinct.values()].sort((x, y) => {
    const [a, b] = [sortKey(x), sortKey(y)];
    return a.map((n, i) => n - (b[i] ?? 0)).find((difference) => difference !== 0) ?? 0;
  });
}

export interface Alias {
  readonly name: string;
  readonly value: CommunityValue;
  readonly path: string;
}

function own({ source }: Version): Judged<readonly Alias[]> {
  const found = findingsOn(source.ref);
  found.problems.push(...source.refusals);
  const aliases: Alias[] = [];
  const seen = new Set<string>();
  listAt(source.spec, "communities").forEach((raw, i) => {
    const path = `spec.communities[${i}]`;
    const name = textAt(fieldsOf(raw), "name") ?? "";
    const written = textAt(fieldsOf(raw), "value") ?? "";
    const value = parseCommunity(written);
    if (value === null)
      found.error(
        "V57",
        "badCommunity",
        `${path}.value`,
        `${quoted(written)} is no community: write A:B (0 to 65535 each) or large:A:B:C; an alias cannot name another`,
      );
    if (seen.has(name))
      found.error(
        "V58",
        "duplicateAlias",
        `${path}.name`,
        `${quoted(name)} is defined twice: remove one`,
      );
    else if (value !== null) aliases.push({ name, value, path });
    seen.add(name);
  });
  return { value: hasError(found.problems) ? null : aliases, problems: found.problems };
}

/** V58: an alias belongs to one Community object. */
function table(): Table<readonly Alias[]> {
  const owners = new Map<string, string>();
  return {
    beside({ version, draft }) {
      const found = findingsOn(version.source.ref);
      for (const { name, path } of draft) {
        const owner = owners.get(name);
        if (owner !== undefined)
          found.error(
            "V58",
            "duplicateAlias",
            `${path}.name`,
            `${quoted(name)} is defined by Community ${quoted(owner)} too: rename or remove one`,
          );
      }
      return { value: hasError(found.problems) ? null : draft, problems: found.problems };
    },
    add: ({ version, draft }) => {
      for (const { name } of draft) owners.set(name, version.source.name);
    },
  };
}

export const COMMUNITY_RULES: Rules<readonly Alias[]> = { own, table };
