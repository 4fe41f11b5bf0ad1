/** Waits for a condition with a generous limit; the condition may be asynchronous. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  limitMs = 30_000,
  stepMs = 20,
): Promise<void> {
  const endMs = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > endMs)
      throw new Error(`not within ${limitMs} ms: ${condition.toString().slice(0, 200)}`);
    await new Promise((resolve) => setTimeout(resolve, stepMs));
  }
}
