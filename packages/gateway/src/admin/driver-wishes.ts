import { setTimeout as sleep } from "node:timers/promises";
import type { Driver } from "../drivers/driver.ts";
import { driverAt } from "../drivers/launcher.ts";
import type { DriverPool } from "../drivers/pool.ts";
import type { GatewayLog } from "../observe/event-log.ts";
import type { DriverWish, SessionStore } from "../store/session-store.ts";
import { AdminError } from "./admin-error.ts";
import type { DriverRequest } from "./pool-actions.ts";

/** Milliseconds until a gateway sees what another one was told. */
const INTERVAL = 2_000;

/**
 * Adds and drains drivers by command. What is said of drivers with an address of their own is kept in the store, so that
 * it outlives this gateway and every other gateway of the store follows; to add a driver again ends a drain. Drivers
 * that a gateway has started are its own business: a drained one is back with the gateway's next start.
 */
export class DriverWishes implements AsyncDisposable {
  readonly #pool: DriverPool;
  readonly #store: SessionStore;
  readonly #log: GatewayLog;
  readonly #stop = new AbortController();
  readonly #followed = new Map<string, string>();
  readonly #following: Promise<void>;

  private constructor(pool: DriverPool, store: SessionStore, log: GatewayLog, interval: number) {
    this.#pool = pool;
    this.#store = store;
    this.#log = log;
    this.#following = this.#follow(interval);
  }

  /**
   * Does what was wished before, and follows what is wished from now on; looks every `interval` milliseconds.
   * @throws {GatewayError} `store-unavailable`
   */
  static async follow(
    pool: DriverPool,
    store: SessionStore,
    log: GatewayLog,
    interval = INTERVAL,
  ): Promise<DriverWishes> {
    const wishes = new DriverWishes(pool, store, log, interval);
    await wishes.#look();
    return wishes;
  }

  /** @throws {AdminError} `driver-exists` */
  async add({ version, ...driver }: DriverRequest): Promise<void> {
    if (this.#pool.drivers.some(({ id }) => id === driver.id))
      throw new AdminError("driver-exists", `there is a driver ${driver.id} already`);
    const { id: driverId, ...place } = driver;
    await this.#store.wish({ type: "add", driverId, version, ...place });
    await this.#look();
  }

  /** Drains a driver; resolves when it has stopped, with the number of sessions that were still on it. */
  async drain(driver: Driver, deadline: number): Promise<number> {
    if (!this.#isOwn(driver)) {
      const wish: DriverWish = { type: "drain", driverId: driver.id, deadline };
      this.#followed.set(driver.id, JSON.stringify(wish));
      await this.#store.wish(wish);
    }
    return this.#pool.drain(driver.id, deadline);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#following;
  }

  #isOwn({ id }: Driver): boolean {
    return this.#pool.origin(id)?.launcher.ours === true;
  }

  async #follow(interval: number): Promise<void> {
    const { signal } = this.#stop;
    let troubled = false;
    for (;;) {
      try {
        await sleep(interval, undefined, { signal, ref: false });
        await this.#look();
        troubled = false;
      } catch (error) {
        if (signal.aborted) return;
        if (!troubled) this.#log.warn({ err: error }, "what is wished of drivers cannot be read");
        troubled = true;
      }
    }
  }

  /** Does what was not done yet: each wish once, when it is first seen. */
  async #look(): Promise<void> {
    for (const wish of await this.#store.driverWishes()) {
      const text = JSON.stringify(wish);
      if (this.#followed.get(wish.driverId) === text) continue;
      this.#followed.set(wish.driverId, text);
      this.#fulfil(wish);
    }
  }

  #fulfil(wish: DriverWish): void {
    const driver = this.#pool.drivers.find(({ id }) => id === wish.driverId);
    if (wish.type === "add") {
      const { driverId: id, host, port, pool, capacity, version } = wish;
      if (driver !== undefined) return;
      const options = { id, pool, capacity, ...(version === undefined ? {} : { version }) };
      this.#pool.add(options, driverAt({ host, port }));
    } else if (driver !== undefined && !this.#isOwn(driver)) {
      this.#pool.drain(driver.id, wish.deadline).catch((error: unknown) => {
        this.#log.warn({ err: error, driver: driver.id }, "a driver could not be drained");
      });
    }
  }
}
