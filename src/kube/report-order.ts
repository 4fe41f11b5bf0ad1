/** In which order status objects are brought about. Pure. */

export interface Wanted {
  readonly content: string;
}

/** What MetalLB's users read, one per Service, and there before our own kinds are. */
const FIRST = /\/service(?:l2|bgp)statuses\//;

/**
 * Paths of what is not as wanted: MetalLB's kinds before ours; of each, what is missing, what is too many, then what
 * says something old, longest ago first. So nothing waits for ever behind what changes all the time.
 * @param standing content by path, in the order in which it was written
 */
export function dueFor(
  standing: ReadonlyMap<string, string>,
  wanted: ReadonlyMap<string, Wanted>,
): string[] {
  const [missing, excess, old]: [string[], string[], string[]] = [[], [], []];
  for (const path of wanted.keys()) if (!standing.has(path)) missing.push(path);
  for (const [path, content] of standing) {
    const wish = wanted.get(path);
    if (wish === undefined) excess.push(path);
    else if (wish.content !== content) old.push(path);
  }
  const all = [...missing, ...excess, ...old];
  const isFirst = (path: string): boolean => FIRST.test(path);
  return [...all.filter(isFirst), ...all.filter((path) => !isFirst(path))];
}
