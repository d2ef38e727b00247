import { Driver, type DriverOptions } from "./driver.ts";
import type { DriverState } from "./driver-state.ts";
import type { DriverLauncher } from "./launcher.ts";
import { supervise, WATCH_DEFAULTS, type WatchOptions } from "./supervise.ts";

/** A driver's step from one state to another. */
export interface DriverChange {
  readonly driver: Driver;
  readonly before: DriverState;
}

interface Member {
  readonly driver: Driver;
  readonly stop: AbortController;
  readonly ended: Promise<void>;
}

/** The drivers behind one address, each watched and started again when it is lost. */
export class DriverPool implements AsyncDisposable {
  readonly #members = new Map<string, Member>();
  readonly #listeners = new Set<(change: DriverChange) => void>();
  readonly #watch: WatchOptions;

  constructor(watch: Partial<WatchOptions> = {}) {
    this.#watch = { ...WATCH_DEFAULTS, ...watch };
  }

  /** The drivers in the order in which they were added, the stopped ones not among them. */
  get drivers(): readonly Driver[] {
    return [...this.#members.values()].map(({ driver }) => driver);
  }

  /**
   * Adds a driver and begins to start it.
   * @throws {RangeError} when there is one with this id.
   */
  add(options: DriverOptions, launcher: DriverLauncher): Driver {
    if (this.#members.has(options.id)) throw new RangeError(`there is a driver ${options.id} already`);
    const driver = new Driver(options, (changed, before) => {
      this.#tell({ driver: changed, before });
    });
    const stop = new AbortController();
    const ended = supervise(driver, launcher, this.#watch, stop.signal).finally(() =>
      this.#members.delete(driver.id),
    );
    this.#members.set(driver.id, { driver, stop, ended });
    return driver;
  }

  /**
   * Lets a driver take no new session, and stops it when the ones that it has are over, or after `deadline`
   * milliseconds. One that is not ready is stopped at once. Resolves when it has stopped.
   * @throws {RangeError} when there is none with this id.
   */
  async drain(id: string, deadline: number): Promise<void> {
    const member = this.#members.get(id);
    if (member === undefined) throw new RangeError(`there is no driver ${id}`);
    const { driver, stop, ended } = member;
    if (driver.state === "ready") driver.become("draining");
    const due = setTimeout(() => {
      stop.abort();
    }, deadline);
    const check = () => {
      if (driver.state !== "draining" || driver.sessions === 0) stop.abort();
    };
    this.#listeners.add(check);
    check();
    await ended;
    this.#listeners.delete(check);
    clearTimeout(due);
  }

  /** Calls `listener` after each change of a driver's state or sessions, until it is disposed of. */
  listen(listener: (change: DriverChange) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** One of the sessions on this driver has ended. */
  sessionEnded(driver: Driver): void {
    driver.sessions -= 1;
    this.#tell({ driver, before: driver.state });
  }

  /** Ends all drivers that are ours. */
  async [Symbol.asyncDispose](): Promise<void> {
    const members = [...this.#members.values()];
    for (const { stop } of members) stop.abort();
    await Promise.all(members.map(({ ended }) => ended));
  }

  #tell(change: DriverChange): void {
    for (const listener of [...this.#listeners]) listener(change);
  }
}
