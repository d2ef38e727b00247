import type { Driver } from "../drivers/driver.ts";
import type { DriverPool } from "../drivers/pool.ts";
import { GatewayError, StatusCode } from "../grpc/status.ts";
import type { DriverConnection } from "../proxy/driver-connection.ts";

/**
 * The driver of a pool for one more session: of those that are ready and not full the one whose share of sessions is
 * smallest, and of equals the one with the fewest running calls.
 */
export function leastLoaded(drivers: readonly Driver[]): Driver | undefined {
  return drivers
    .filter(({ state, sessions, capacity }) => state === "ready" && sessions < capacity)
    .reduce<Driver | undefined>((best, driver) => {
      if (best === undefined) return driver;
      const difference = driver.sessions / driver.capacity - best.sessions / best.capacity;
      return difference < 0 || (difference === 0 && driver.calls < best.calls) ? driver : best;
    }, undefined);
}

/** Where a session lives: on a driver, in one of its lives. */
export interface Place {
  readonly driver: Driver;
  readonly life: DriverConnection;
}

interface Waiting {
  readonly pool: string;
  readonly resolve: (place: Place) => void;
}

/** Finds drivers for new sessions; when all are full or none is ready, sessions wait in the order in which they came. */
export class Placement implements Disposable {
  readonly #pool: DriverPool;
  readonly #patience: number;
  readonly #waiting = new Set<Waiting>();
  readonly #listening: Disposable;

  /** `patience` is how many milliseconds a session waits. */
  constructor(pool: DriverPool, patience: number) {
    this.#pool = pool;
    this.#patience = patience;
    this.#listening = pool.listen(() => {
      this.#serve();
    });
  }

  /**
   * Gives a driver of the pool with this label and counts the session on it.
   * @throws {GatewayError} `pool-unknown`; after the wait `pool-full` or `no-driver-ready`. Clients do not retry these
   *   by themselves: they have waited here.
   */
  async place(pool: string): Promise<Place> {
    const known = new Set(this.#pool.drivers.map((driver) => driver.pool));
    if (!known.has(pool)) throw unknownPool(pool, known);
    const { promise, resolve, reject } = Promise.withResolvers<Place>();
    const waiting = { pool, resolve };
    this.#waiting.add(waiting);
    this.#serve();
    const timer = setTimeout(() => {
      reject(this.#impatient(pool));
    }, this.#patience);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(waiting);
    }
  }

  [Symbol.dispose](): void {
    this.#listening[Symbol.dispose]();
  }

  #serve(): void {
    for (const waiting of this.#waiting) {
      const driver = leastLoaded(this.#pool.drivers.filter(({ pool }) => pool === waiting.pool));
      const life = driver?.connection;
      if (driver === undefined || life === undefined) continue;
      driver.sessions += 1;
      this.#waiting.delete(waiting);
      waiting.resolve({ driver, life });
    }
  }

  #impatient(pool: string): GatewayError {
    const drivers = this.#pool.drivers.filter((driver) => driver.pool === pool);
    const seconds = this.#patience / 1000;
    const full = drivers.filter(({ state }) => state === "ready");
    if (full.length > 0) {
      const loads = full.map(({ id, sessions, capacity }) => `${id} ${sessions} of ${capacity}`);
      return new GatewayError(
        "pool-full",
        StatusCode.resourceExhausted,
        `no driver of the pool "${pool}" had room for another session within ${seconds} s (sessions: ${loads.join(", ")})`,
      );
    }
    const states = drivers.map(({ id, state, lostBecause }) =>
      lostBecause === undefined ? `${id} is ${state}` : `${id} is ${state}: ${lostBecause}`,
    );
    return new GatewayError(
      "no-driver-ready",
      StatusCode.resourceExhausted,
      `no driver of the pool "${pool}" was ready within ${seconds} s (${states.join("; ")})`,
    );
  }
}

function unknownPool(pool: string, known: ReadonlySet<string>): GatewayError {
  const names = [...known].map((name) => `"${name}"`).join(", ");
  return new GatewayError(
    "pool-unknown",
    StatusCode.invalidArgument,
    `there is no pool "${pool}"; there is ${names === "" ? "none" : names}`,
  );
}
