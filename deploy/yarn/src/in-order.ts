/** Something that comes after others. */
export interface Ordered {
  readonly name: string;
  /** Names of those that come before it. */
  readonly after: readonly string[];
}

/**
 * Works on all of them, on each as soon as those before it are done; at the same time where nothing says otherwise.
 * After a failure no further work begins; the first failure is thrown when what has begun has ended.
 */
export async function inOrder<T extends Ordered>(
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  const failures: unknown[] = [];
  const done = new Map<string, Promise<void>>();
  const begin = (item: T, above: readonly string[]): Promise<void> => {
    if (above.includes(item.name)) throw new Error(`${[...above, item.name].join(" → ")} is a circle`);
    const begun = done.get(item.name);
    if (begun !== undefined) return begun;
    const before = item.after.map((name) => {
      const other = items.find((one) => one.name === name);
      if (other === undefined) throw new Error(`${item.name} comes after ${name}, which is not there`);
      return begin(other, [...above, item.name]);
    });
    const promise = Promise.all(before).then(async () => {
      if (failures.length > 0) return;
      try {
        await work(item);
      } catch (error) {
        failures.push(error);
      }
    });
    done.set(item.name, promise);
    return promise;
  };
  await Promise.all(items.map((item) => begin(item, [])));
  if (failures.length > 0) throw failures[0];
}

/** The same things the other way round: each comes after those that came after it. */
export function reversed<T extends Ordered>(items: readonly T[]): readonly (T & Ordered)[] {
  return items.map((item) => ({
    ...item,
    after: items.filter((other) => other.after.includes(item.name)).map(({ name }) => name),
  }));
}
