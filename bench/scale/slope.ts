/** Least squares: how much y grows per x; 0 for fewer than two points. */
export function slopeOf(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (of: (p: readonly [number, number]) => number): number =>
    points.reduce((sum, p) => sum + of(p), 0) / points.length;
  const [x, y] = [mean((p) => p[0]), mean((p) => p[1])];
  const above = points.reduce((sum, p) => sum + (p[0] - x) * (p[1] - y), 0);
  const below = points.reduce((sum, p) => sum + (p[0] - x) ** 2, 0);
  return below === 0 || points.length === 0 ? 0 : above / below;
}
