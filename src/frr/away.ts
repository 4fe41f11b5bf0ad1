/**
 * A daemon that died takes its lines out of the running configuration, and takes no new ones: that is no refusal.
 * Its lines wait until it is back, and everything else goes on. Without zebra or bgpd nothing goes on.
 */
import type { Block } from "../frr-config/tree.ts";

/** Lines of the top context that only some daemons keep: any one of `by` will do. */
const KEPT: readonly { readonly lines: RegExp; readonly by: readonly string[] }[] = [
  { lines: /^(?:bfd$|debug bfd )/, by: ["bfdd"] },
  { lines: /^ip(?:v6)? route /, by: ["staticd", "mgmtd"] }, // mgmtd of FRR 9 and later speaks for staticd
];

const keeperOf = (line: string): readonly string[] | undefined =>
  KEPT.find(({ lines }) => lines.test(line))?.by;

/** Daemons that lines of `tree` need and that do not answer; sorted. */
export function awayFor(tree: Block, daemons: ReadonlySet<string>): readonly string[] {
  const away = [...tree.keys()].flatMap((line) => {
    const by = keeperOf(line);
    return by === undefined || by.some((one) => daemons.has(one)) ? [] : by.slice(0, 1);
  });
  return [...new Set(away)].sort();
}

/** `tree` without the lines that nobody could keep now; the same object where there are none. */
export function withoutAway(tree: Block, daemons: ReadonlySet<string>): Block {
  const isKept = (line: string): boolean =>
    keeperOf(line)?.some((one) => daemons.has(one)) !== false;
  if ([...tree.keys()].every(isKept)) return tree;
  return new Map([...tree].filter(([line]) => isKept(line)));
}
