import type { Driver } from "../drivers/driver.ts";
import type { DriverPool } from "../drivers/pool.ts";
import { GatewayError, StatusCode } from "../grpc/status.ts";
import type { DriverConnection } from "../proxy/driver-connection.ts";
import type { Occupancy } from "./occupancy.ts";
import { Condition } from "./wait.ts";

/**
 * The driver of a pool for one more session: of those that are ready and not full the one whose share of sessions is
 * smallest, and of equals the one with the fewest running calls.
 */
export function leastLoaded(drivers: readonly Driver[]): Driver | undefined {
  return leastOf(drivers.filter(({ state, sessions, capacity }) => state === "ready" && sessions < capacity));
}

/** A driver, in one of its lives, that a session is being brought to; it counts there until it is disposed of. */
export interface Reservation extends Disposable {
  readonly driver: Driver;
  readonly connection: DriverConnection;
  /** What the driver calls its life. */
  readonly life: string;
}

interface Waiting {
  readonly find: () => Reservation | undefined;
  readonly resolve: (reservation: Reservation) => void;
}

/** Finds drivers for sessions; when all are full or none is ready, they wait in the order in which they came. */
export class Placement implements Disposable {
  readonly #pool: DriverPool;
  readonly #occupancy: Occupancy;
  readonly #patience: number;
  readonly #drivers = new Condition();
  readonly #waiting = new Set<Waiting>();
  readonly #listening: Disposable;

  /** `patience` is how many milliseconds a session waits. */
  constructor(pool: DriverPool, occupancy: Occupancy, patience: number) {
    this.#pool = pool;
    this.#occupancy = occupancy;
    this.#patience = patience;
    this.#listening = pool.listen(() => {
      this.#serve();
      this.#drivers.changed();
    });
  }

  /**
   * Gives a driver of the pool with this label to a new session.
   * @throws {GatewayError} `pool-unknown`; after the wait `pool-full` or `no-driver-ready`. Clients do not retry these
   *   by themselves: they have waited here.
   */
  async place(pool: string): Promise<Reservation> {
    const known = new Set(this.#pool.drivers.map((driver) => driver.pool));
    if (!known.has(pool)) throw unknownPool(pool, known);
    return this.#wait(pool, () => this.#reserve(leastLoaded(this.#driversOf(pool))));
  }

  /**
   * Gives a driver of the pool to a session that has to leave another: one that has room if there is one, else also a
   * full one, because a session must not end for want of room.
   * @throws {GatewayError} `no-driver-ready` after the wait.
   * @throws the signal's reason.
   */
  async replace(pool: string, signal: AbortSignal): Promise<Reservation> {
    return this.#wait(pool, () => this.candidate(pool, new Set()), signal);
  }

  /** Whether a driver of the pool is ready, also a full one. */
  isReady(pool: string): boolean {
    return this.#driversOf(pool).some(({ state }) => state === "ready");
  }

  /**
   * Resolves when one is.
   * @throws the signal's reason.
   */
  untilReady(pool: string, signal: AbortSignal): Promise<void> {
    return this.#drivers.until(() => this.isReady(pool), signal);
  }

  /** As {@link replace}, of the drivers that are ready now. */
  candidate(pool: string, except: ReadonlySet<Driver>): Reservation | undefined {
    const drivers = this.#driversOf(pool).filter((driver) => driver.state === "ready" && !except.has(driver));
    return this.#reserve(leastLoaded(drivers) ?? leastOf(drivers));
  }

  [Symbol.dispose](): void {
    this.#listening[Symbol.dispose]();
  }

  #driversOf(pool: string): readonly Driver[] {
    return this.#pool.drivers.filter((driver) => driver.pool === pool);
  }

  #reserve(driver: Driver | undefined): Reservation | undefined {
    const { connection, life } = driver ?? {};
    if (driver === undefined || connection === undefined || life === undefined) return undefined;
    const reserved = this.#occupancy.reserve(driver);
    return {
      driver,
      connection,
      life,
      [Symbol.dispose]: () => {
        reserved[Symbol.dispose]();
      },
    };
  }

  async #wait(pool: string, find: () => Reservation | undefined, signal?: AbortSignal): Promise<Reservation> {
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<Reservation>();
    const waiting = { find, resolve };
    this.#waiting.add(waiting);
    this.#serve();
    const timer = setTimeout(() => {
      reject(this.#impatient(pool));
    }, this.#patience);
    const onAbort = () => {
      this.#waiting.delete(waiting);
      reject(signal?.reason as Error);
    };
    signal?.addEventListener("abort", onAbort);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      this.#waiting.delete(waiting);
    }
  }

  #serve(): void {
    for (const waiting of [...this.#waiting]) {
      // Reserving for one tells the pool's listeners, this one among them: another may have served it meanwhile.
      if (!this.#waiting.has(waiting)) continue;
      this.#waiting.delete(waiting);
      const reservation = waiting.find();
      if (reservation === undefined) this.#waiting.add(waiting);
      else waiting.resolve(reservation);
    }
  }

  #impatient(pool: string): GatewayError {
    const drivers = this.#driversOf(pool);
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
    const story = states.length === 0 ? "it has none" : states.join("; ");
    return new GatewayError(
      "no-driver-ready",
      StatusCode.resourceExhausted,
      `no driver of the pool "${pool}" was ready within ${seconds} s (${story})`,
    );
  }
}

function leastOf(drivers: readonly Driver[]): Driver | undefined {
  return drivers.reduce<Driver | undefined>((best, driver) => {
    if (best === undefined) return driver;
    const difference = driver.sessions / driver.capacity - best.sessions / best.capacity;
    return difference < 0 || (difference === 0 && driver.calls < best.calls) ? driver : best;
  }, undefined);
}

function unknownPool(pool: string, known: ReadonlySet<string>): GatewayError {
  const names = [...known].map((name) => `"${name}"`).join(", ");
  return new GatewayError(
    "pool-unknown",
    StatusCode.invalidArgument,
    `there is no pool "${pool}"; there is ${names === "" ? "none" : names}`,
  );
}
