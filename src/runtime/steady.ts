/**
 * Values that stay the same object while their content does, so that what was made of them is found again by
 * identity. Nothing here can be seen in a result: it only comes sooner.
 */

/** Same items in the same order. */
export const sameItems = <T>(a: readonly T[], b: readonly T[]): boolean =>
  a === b || (a.length === b.length && a.every((item, i) => item === b[i]));

/** `make` asked once per object. It must depend on nothing else. */
export function onceFor<K extends object, V>(make: (key: K) => V): (key: K) => V {
  const made = new WeakMap<K, V>();
  return (key) => {
    const known = made.get(key);
    if (known !== undefined) return known;
    const value = make(key);
    made.set(key, value);
    return value;
  };
}

/** `make` asked again for an object only when what it is asked with is not the same as the last time. */
export function lastFor<K extends object, I extends readonly unknown[], V>(
  make: (key: K, ...inputs: I) => V,
): (key: K, ...inputs: I) => V {
  const made = new WeakMap<K, { readonly inputs: I; readonly value: V }>();
  return (key, ...inputs) => {
    const known = made.get(key);
    if (known !== undefined && sameItems(known.inputs, inputs)) return known.value;
    const value = make(key, ...inputs);
    made.set(key, { inputs, value });
    return value;
  };
}

/**
 * `make` asked again only when a list that begins with the same object has become another one. For lists that may be
 * long and whose first object stands in no other.
 */
export function lastForList<K extends object, V>(
  make: (keys: readonly K[]) => V,
): (keys: readonly K[]) => V {
  const made = new WeakMap<K, { readonly keys: readonly K[]; readonly value: V }>();
  return (keys) => {
    const [first] = keys;
    const known = first === undefined ? undefined : made.get(first);
    if (known !== undefined && sameItems(known.keys, keys)) return known.value;
    const value = make(keys);
    if (first !== undefined) made.set(first, { keys, value });
    return value;
  };
}

interface Branch<K extends object, V> {
  made?: { readonly value: V };
  readonly next: WeakMap<K, Branch<K, V>>;
}

/** `make` asked once per list of the same objects in the same order. For short lists, of which there are few. */
export function onceForList<K extends object, V>(
  make: (keys: readonly K[]) => V,
): (keys: readonly K[]) => V {
  const root: Branch<K, V> = { next: new WeakMap() };
  return (keys) => {
    let at = root;
    for (const key of keys) {
      let branch = at.next.get(key);
      if (branch === undefined) at.next.set(key, (branch = { next: new WeakMap() }));
      at = branch;
    }
    at.made ??= { value: make(keys) };
    return at.made.value;
  };
}
