import type { EngineName } from "@duet/engine";

/** For how long each engine has worked, where its pieces of work overlap. Times are milliseconds since 1970. */
export class EngineClock {
  readonly #work = new Map<EngineName, { running: number; since: number; total: number }>();

  /** A piece of work begins. */
  begin(engine: EngineName, time: number): void {
    const work = this.#work.get(engine) ?? { running: 0, since: 0, total: 0 };
    if (work.running === 0) work.since = Math.max(time, work.since);
    work.running += 1;
    this.#work.set(engine, work);
  }

  /** A piece of work that has begun ends. */
  end(engine: EngineName, time: number): void {
    const work = this.#work.get(engine);
    if (work === undefined || work.running === 0) return;
    work.running -= 1;
    if (work.running > 0) return;
    work.total += Math.max(0, time - work.since);
    work.since = Math.max(time, work.since);
  }

  /** Milliseconds by engine. */
  get times(): Readonly<Partial<Record<EngineName, number>>> {
    return Object.fromEntries([...this.#work].map(([engine, { total }]) => [engine, total]));
  }
}
