/**
 * frr.conf as nested blocks. A block maps each of its lines (words joined by one space, no indentation) to
 * the block below it; a line that opens no context has an empty one. A context written twice is merged, as
 * FRR merges it. Comments, `!`, `end` and the `exit` forms carry nothing.
 */
export type Block = ReadonlyMap<string, Block>;
type Growing = Map<string, Growing>;

const EMPTY: Block = new Map();
export const emptyBlock = (): Block => EMPTY;

/** Contexts by the context they are opened from. What follows such a line is inside it. */
const OPENERS: Readonly<Record<string, RegExp>> = {
  "": /^(?:router [a-z0-9]+(?: |$)|interface |route-map \S+ (?:permit|deny) \d+$|vrf |bfd$|key chain |line vty$|nexthop-group |pbr-map |mpls ldp$|segment-routing$|pseudowire |l2vpn |bmp |rpki$)/,
  router: /^(?:address-family |vnc |segment-routing |vni |bmp |distribute-list$)/,
  vrf: /^(?:rpki$)/,
  bfd: /^(?:profile |peer )/,
  key: /^key \d+$/,
  "segment-routing": /^(?:traffic-eng|srv6)$/,
};
/** Lines of the top context that end an open one even where nothing says `exit`. */
const TOP =
  /^(?:(?:no )?(?:ip (?:prefix-list|route|nht|protocol|forwarding|router-id)|ipv6 (?:prefix-list|route|nht|protocol|forwarding)|access-list|log|debug|hostname|frr|service|bgp (?:route-map|as-path|community-list|large-community-list)|password|enable|agentx|banner|zebra)\b)/;

/** Any text gives a tree: what makes no sense to FRR is a line like any other here. */
export function parseTree(text: string): Block {
  const root: Growing = new Map();
  let open: { line: string; block: Growing }[] = []; // outermost first
  for (const raw of text.split("\n")) {
    const trimmed = raw.trim();
    const line = ODD_SPACE.test(trimmed) ? trimmed.replace(/\s+/g, " ") : trimmed;
    if (line === "" || line.startsWith("!") || line.startsWith("#")) continue;
    if (line === "end") open = [];
    else if (line === "exit" || line === "quit" || line === "exit-vrf") open.pop();
    else if (line === "exit-address-family" || line === "exit-vni" || line === "exit-vrf-policy")
      open = open.slice(0, 1);
    else if (line.startsWith(PREFIX)) (open.at(-1)?.block ?? root).set(line, LEAF);
    else if (!PREAMBLE.test(line)) {
      open = contextOf(line, /^\s/.test(raw), open);
      const block = growUnder(open.at(-1)?.block ?? root, line);
      if (opens(line, open.at(-1)?.line ?? "")) open.push({ line, block });
    }
  }
  return root;
}

/** There may be thousands; it opens no context and ends none, whatever is open. */
const PREFIX = "network ";
/** Nothing is ever written below these. */
const LEAF: Growing = new Map();
const ODD_SPACE = /\s\s|[^\S ]/;

/** What vtysh prints around a running configuration. */
const PREAMBLE = /^(?:Building configuration\.\.\.|Current configuration:.*)$/;

const opens = (line: string, context: string): boolean =>
  OPENERS[context.split(" ", 1)[0] ?? ""]?.test(line) === true;

/** The contexts that stay open for `line`: FRR looks for a command in the open context, then outwards. */
function contextOf(
  line: string,
  indented: boolean,
  open: readonly { line: string; block: Growing }[],
): { line: string; block: Growing }[] {
  for (let depth = open.length; depth > 0; depth--)
    if (opens(line, open[depth - 1]?.line ?? "")) return open.slice(0, depth);
  if (opens(line, "") && !indented) return [];
  if (!indented && TOP.test(line)) return [];
  return [...open];
}

function growUnder(block: Growing, line: string): Growing {
  const there = block.get(line);
  if (there !== undefined) return there;
  const fresh: Growing = new Map();
  block.set(line, fresh);
  return fresh;
}

/** The block as text again, one space of indentation per level; contexts are closed as FRR closes them. */
export function formatTree(block: Block): string {
  return [...linesOf(block, 0, "")].map((line) => `${line}\n`).join("");
}

function* linesOf(block: Block, depth: number, context: string): Generator<string> {
  const pad = " ".repeat(depth);
  for (const [line, below] of block) {
    yield pad + line;
    if (!opens(line, context)) continue;
    yield* linesOf(below, depth + 1, line);
    yield line.startsWith("address-family ") ? `${pad} exit-address-family` : `${pad}exit`;
  }
}

/** Same lines in the same contexts, in whatever order. */
export function sameTree(a: Block, b: Block): boolean {
  if (a.size !== b.size) return false;
  for (const [line, below] of a) {
    const other = b.get(line);
    if (other === undefined || !sameTree(below, other)) return false;
  }
  return true;
}

/** Every line with the lines of its contexts before it. */
export function* paths(block: Block, above: readonly string[] = []): Generator<readonly string[]> {
  for (const [line, below] of block) {
    const path = [...above, line];
    yield path;
    yield* paths(below, path);
  }
}

/** Whether a line opens a context below `context` (`""` at the top). */
export const isContext = (line: string, context: string): boolean => opens(line, context);
