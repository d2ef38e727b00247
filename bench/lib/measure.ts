/** The middle of some numbers. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const high = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? high : ((sorted[middle - 1] ?? NaN) + high) / 2;
}

/** One way of doing a thing; gives what it measured, most often seconds. */
export interface Contender<Name extends string> {
  readonly name: Name;
  readonly run: () => Promise<number>;
}

/**
 * Lets contenders take turns, so that whatever else the machine does hits all of them, and gives each one's median.
 * The first round is a warm-up where `warmUp` says so.
 */
export async function takeTurns<Name extends string>(
  contenders: readonly Contender<Name>[],
  rounds: number,
  warmUp: boolean,
): Promise<Readonly<Record<Name, number>>> {
  const measured = new Map<Name, number[]>(contenders.map(({ name }) => [name, []]));
  for (let round = warmUp ? -1 : 0; round < rounds; round++) {
    for (const { name, run } of contenders) {
      const value = await run();
      console.error(
        `  ${round < 0 ? "warm-up" : `round ${String(round + 1)}`}  ${name}  ${value.toFixed(3)}`,
      );
      if (round >= 0) measured.get(name)?.push(value);
    }
  }
  const medians = [...measured].map(([name, values]) => [name, median(values)]);
  return Object.fromEntries(medians) as Record<Name, number>;
}

/** Seconds that some work takes. */
export async function seconds(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}
