/** Where routers and nodes stand in the picture, in units of its own: routers above, nodes below. Pure. */

export interface Place {
  readonly x: number;
  readonly y: number;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly routers: ReadonlyMap<string, Place>;
  readonly nodes: ReadonlyMap<string, Place>;
}

const CELL = { width: 150, height: 74 };
const MARGIN = { x: 84, y: 40 };
const GAP = 150;
const PER_ROW = { routers: 8, nodes: 8 };

/** Each row centred; more than a row holds goes to the next. */
export function layoutFor(routers: readonly string[], nodes: readonly string[]): Layout {
  const rowsOf = (names: readonly string[], most: number): readonly (readonly string[])[] =>
    Array.from({ length: Math.ceil(names.length / most) }, (_, i) =>
      names.slice(i * most, (i + 1) * most),
    );
  const [above, below] = [rowsOf(routers, PER_ROW.routers), rowsOf(nodes, PER_ROW.nodes)];
  const widest = Math.max(4, ...[...above, ...below].map((row) => row.length));
  const width = MARGIN.x * 2 + (widest - 1) * CELL.width;
  const placed = (rows: readonly (readonly string[])[], top: number): Map<string, Place> =>
    new Map(
      rows.flatMap((row, r) =>
        row.map((name, i): [string, Place] => [
          name,
          {
            x: width / 2 + (i - (row.length - 1) / 2) * CELL.width,
            y: top + r * CELL.height,
          },
        ]),
      ),
    );
  const nodesTop =
    above.length === 0 ? MARGIN.y : MARGIN.y + (above.length - 1) * CELL.height + GAP;
  const height = nodesTop + Math.max(0, below.length - 1) * CELL.height + MARGIN.y;
  return {
    width,
    height,
    routers: placed(above, MARGIN.y),
    nodes: placed(below, nodesTop),
  };
}
