/** What vtysh prints about lines of a batch that FRR did not take, in 8.4's and 10.x's wording. */
import { maskText } from "../frr-config/mask.ts";

export interface Complaint {
  /** From 1, as vtysh counts. */
  readonly line: number;
  /** FRR's own words, without secrets. */
  readonly words: string;
}

const LINE = /^line (\d+): (.*)$/;
/** Said about lines that were taken. */
const REMARKS =
  /^(?:Graceful restart configuration changed|% Echo mode works correctly|\[\d+\||Waiting for children|MGMTD: No changes|Configuration file\[|$)/;

/** Words stand before the `line N:` that they belong to. */
export function complaintsIn(output: string): readonly Complaint[] {
  const found = new Map<number, string>();
  let words: string[] = [];
  for (const text of output.split("\n").map((line) => line.trim())) {
    const at = LINE.exec(text);
    if (at === null) {
      if (!REMARKS.test(text)) words.push(text);
      continue;
    }
    const [, line = "0", rest = ""] = at;
    // The line itself is repeated at the end, with what may be a password in it.
    const said = words.length > 0 ? words.join(" ") : rest.replace(/(\[\d+\]).*$/, "$1");
    if (!/^Warning/.test(rest)) found.set(Number(line), maskText(said));
    words = [];
  }
  return [...found].map(([line, said]) => ({ line, words: said }));
}
