/** Work on the same thing happens one after another, in the order it was asked for; on different things side by side. */

/** Runs `work` when all that was asked for `key` before has ended, however it did. */
export type InTurn<K> = <T>(key: K, work: () => Promise<T>) => Promise<T>;

export function turns<K>(): InTurn<K> {
  const last = new Map<K, Promise<unknown>>();
  return (key, work) => {
    const before = last.get(key) ?? Promise.resolve();
    const mine = before.then(work, work);
    last.set(key, mine);
    const done = (): void => {
      if (last.get(key) === mine) last.delete(key);
    };
    mine.then(done, done);
    return mine;
  };
}
