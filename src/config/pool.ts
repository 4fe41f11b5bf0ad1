/** IPAddressPool: rules V24 to V35, crds reference 2.6, 3.5, 3.6, and our annotations on pools. */
import type { Prefix } from "../net/prefix.ts";
import type { ServiceAllocation } from "./config.ts";
import { findingsOn, hasError, quoted } from "./findings.ts";
import type { Findings } from "./findings.ts";
import { intervalTable } from "./intervals.ts";
import { intervalOf, parseBlock } from "./pool-addresses.ts";
import type { Block } from "./pool-addresses.ts";
import { compareText, fieldsOf, flagAt, integerAt, listAt, valueAt } from "./read.ts";
import type { Fields } from "./read.ts";
import { checkedSelectors, distinctTexts, namesMatching, repeatRule } from "./selectors.ts";
import type { Labelled } from "./selectors.ts";
import type { Judged, Rules, Table, Version } from "./settle.ts";

export interface PoolDraft {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly blocks: readonly Block[];
  readonly autoAssign: boolean;
  readonly avoidBuggyIPs: boolean;
  readonly serviceAllocation: ServiceAllocation | null;
  readonly reserved: readonly Prefix[];
  readonly draining: boolean;
  readonly retainS: number | null;
}

/** Comma-separated CIDRs and ranges inside the pool that are never handed out. */
export const RESERVED_ANNOTATION = "ferrolb.io/reserved-addresses";
/** `"true"`: nothing new is given from the pool; holders keep what they have. */
export const DRAIN_ANNOTATION = "ferrolb.io/drain";
/** Seconds that an address stays with its Service's `namespace/name` after deletion; "0": not at all. */
export const RETAIN_ANNOTATION = "ferrolb.io/retain-address-seconds";

function allocationOf(
  raw: unknown,
  namespaces: readonly Labelled[],
  found: Findings,
): ServiceAllocation | null {
  if (raw === undefined || raw === null) return null;
  const f: Fields = fieldsOf(raw);
  const path = "spec.serviceAllocation";
  const listed = distinctTexts(f, "namespaces", `${path}.namespaces`, found, "V33");
  const selectors = checkedSelectors(f, "namespaceSelectors", `${path}.namespaceSelectors`, found);
  const matched = selectors.length === 0 ? [] : namesMatching(selectors, namespaces);
  const serviceSelectors = checkedSelectors(
    f,
    "serviceSelectors",
    `${path}.serviceSelectors`,
    found,
  );
  repeatRule("V34", path, found);
  if (selectors.length > 0 && matched.length === 0 && namespaces.length > 0)
    found.warn(
      "F4",
      "noNamespaceMatches",
      `${path}.namespaceSelectors`,
      "matches no namespace: label one, or list it under namespaces",
    );
  return {
    priority: integerAt(f, "priority") ?? 0,
    namespaces: [...new Set([...listed, ...matched])].sort(compareText),
    namespacesRestricted: listed.length > 0 || selectors.length > 0,
    serviceSelectors,
  };
}

function blocksOf(spec: Fields, found: Findings): readonly Block[] {
  const entries = listAt(spec, "addresses");
  if (entries.length === 0)
    found.error(
      "V25",
      "noAddresses",
      "spec.addresses",
      "list at least one CIDR or start-end range",
    );
  return entries.flatMap((entry, i) => {
    const block =
      typeof entry === "string" ? parseBlock(entry, `spec.addresses[${i}]`, found) : null;
    return block === null ? [] : [block];
  });
}

/** A mistake in the list costs only the entry: the pool itself is as MetalLB has it. */
function reservedOf(version: Version, found: Findings): readonly Prefix[] {
  const text = version.source.annotations[RESERVED_ANNOTATION] ?? "";
  const path = `metadata.annotations[${JSON.stringify(RESERVED_ANNOTATION)}]`;
  const entries = text.split(",").map((entry) => entry.trim());
  const own = findingsOn(version.source.ref);
  const prefixes = entries
    .filter((entry) => entry !== "")
    .flatMap((entry) => {
      const single = /[-/]/.test(entry) ? entry : `${entry}-${entry}`;
      return parseBlock(single, path, own)?.prefixes ?? [];
    });
  for (const { message } of own.problems)
    found.warn("F5", "badReserved", path, `ignored: ${message}`);
  return prefixes;
}

function drainingOf(version: Version, found: Findings): boolean {
  const text = version.source.annotations[DRAIN_ANNOTATION];
  if (text !== undefined && text !== "true" && text !== "false")
    found.warn(
      "F5",
      "badDrain",
      `metadata.annotations[${JSON.stringify(DRAIN_ANNOTATION)}]`,
      `${quoted(text)} has no effect: write "true" or remove it`,
    );
  return text === "true";
}

function retainOf(version: Version, found: Findings): number | null {
  const text = version.source.annotations[RETAIN_ANNOTATION];
  if (text === undefined) return null;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  found.warn(
    "F5",
    "badRetain",
    `metadata.annotations[${JSON.stringify(RETAIN_ANNOTATION)}]`,
    `${quoted(text)} has no effect: write a whole number of seconds`,
  );
  return null;
}

const own =
  (namespaces: readonly Labelled[]) =>
  (version: Version): Judged<PoolDraft> => {
    const { source } = version;
    const found = findingsOn(source.ref);
    found.problems.push(...source.refusals);
    const blocks = blocksOf(source.spec, found);
    const inside = intervalTable<Block>();
    for (const block of blocks) {
      const interval = intervalOf(block);
      if (interval === null) continue;
      const other = inside.overlapping(interval);
      if (other === null) inside.add(interval, block);
      else
        found.error("V30", "overlappingCidr", block.path, overlapText(block, other, "this pool"));
    }
    const value: PoolDraft = {
      name: source.name,
      labels: source.labels,
      blocks,
      autoAssign: flagAt(source.spec, "autoAssign") ?? true,
      avoidBuggyIPs: flagAt(source.spec, "avoidBuggyIPs") ?? false,
      serviceAllocation: allocationOf(valueAt(source.spec, "serviceAllocation"), namespaces, found),
      reserved: reservedOf(version, found),
      draining: drainingOf(version, found),
      retainS: retainOf(version, found),
    };
    return { value: hasError(found.problems) ? null : value, problems: found.problems };
  };

const overlapText = (block: Block, other: Block, where: string): string =>
  `${quoted(block.text)} overlaps ${quoted(other.text)} of ${where}: an address belongs to one entry of one pool; change or remove one`;

/** V30 across pools. */
function table(): Table<PoolDraft> {
  const taken = intervalTable<{ block: Block; pool: string }>();
  return {
    beside({ version, draft }) {
      const found = findingsOn(version.source.ref);
      for (const block of draft.blocks) {
        const interval = intervalOf(block);
        const other = interval === null ? null : taken.overlapping(interval);
        if (other !== null)
          found.error(
            "V30",
            "overlappingCidr",
            block.path,
            overlapText(block, other.block, `IPAddressPool ${quoted(other.pool)}`),
          );
      }
      return { value: hasError(found.problems) ? null : draft, problems: found.problems };
    },
    add: ({ draft }) => {
      for (const block of draft.blocks) {
        const interval = intervalOf(block);
        if (interval !== null) taken.add(interval, { block, pool: draft.name });
      }
    },
  };
}

export const poolRules = (namespaces: readonly Labelled[]): Rules<PoolDraft> => ({
  own: own(namespaces),
  table,
});
