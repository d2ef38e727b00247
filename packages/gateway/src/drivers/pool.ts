import { setTimeout as sleep } from "node:timers/promises";
import { Driver, type DriverOptions } from "./driver.ts";
import type { DriverState } from "./driver-state.ts";
import type { DriverLauncher } from "./launcher.ts";
import { restartRolling } from "./rolling-restart.ts";
import { type DriverOrigin, RolloutError, type RolloutOptions } from "./rollout.ts";
import { type Rollout, startRollout } from "./rollout-run.ts";
import type { RolloutStep } from "./rollout-step.ts";
import { type Proof, supervise, WATCH_DEFAULTS, type WatchOptions } from "./supervise.ts";
import { upgrade, type UpgradeOptions } from "./upgrade.ts";

/** A driver's step from one state to another. */
export interface DriverChange {
  readonly driver: Driver;
  readonly before: DriverState;
}

interface Member extends DriverOrigin {
  readonly driver: Driver;
  readonly stop: AbortController;
  readonly ended: Promise<void>;
}

/** Milliseconds between two looks at the calls of a driver that drains. */
const DRAIN_INTERVAL = 50;

/** The drivers behind one address, each watched and started again when it is lost. */
export class DriverPool implements AsyncDisposable {
  /**
   * Moves the sessions of a driver that drains to others, as far and as long as that can be done, until `signal` is
   * aborted; never rejects. Set by who keeps sessions.
   */
  onDrain: ((driver: Driver, signal: AbortSignal) => Promise<void>) | undefined;
  readonly #members = new Map<string, Member>();
  readonly #listeners = new Set<(change: DriverChange) => void>();
  readonly #watch: WatchOptions;
  #rollout: Rollout | undefined;
  #closed = false;

  constructor(watch: Partial<WatchOptions> = {}) {
    this.#watch = { ...WATCH_DEFAULTS, ...watch };
  }

  /** The drivers in the order in which they were added, the stopped ones not among them. */
  get drivers(): readonly Driver[] {
    return [...this.#members.values()].map(({ driver }) => driver);
  }

  /**
   * Adds a driver and begins to start it. One that the gateway starts itself answers a first query before it is ready;
   * `proven` says what becomes of it when it does not.
   * @throws {RangeError} when there is one with this id, or the pool has been closed.
   */
  add(
    options: DriverOptions,
    launcher: DriverLauncher,
    proven: Proof = launcher.ours ? "tried" : "none",
  ): Driver {
    if (this.#closed) throw new RangeError("the pool of drivers has been closed");
    if (this.#members.has(options.id)) throw new RangeError(`there is a driver ${options.id} already`);
    const driver = new Driver(options, (changed, before) => {
      this.#tell({ driver: changed, before });
    });
    const stop = new AbortController();
    const ended = supervise(driver, launcher, { ...this.#watch, proven }, stop.signal).finally(() =>
      this.#members.delete(driver.id),
    );
    this.#members.set(driver.id, { driver, options, launcher, stop, ended });
    return driver;
  }

  /** How a driver was added; undefined when there is none with this id. */
  origin(id: string): DriverOrigin | undefined {
    return this.#members.get(id);
  }

  /**
   * Lets a driver take no new session, has those that it has moved, and stops it when they are gone, or after `deadline`
   * milliseconds. One that is not ready is stopped at once. Resolves when it has stopped, with the number of sessions
   * that were still there. Aborting `signal` calls it off: the driver is ready again.
   * @throws {RangeError} when there is none with this id.
   * @throws the signal's reason
   */
  async drain(id: string, deadline: number, signal?: AbortSignal): Promise<number> {
    const member = this.#members.get(id);
    if (member === undefined) throw new RangeError(`there is no driver ${id}`);
    const { driver } = member;
    signal?.throwIfAborted();
    if (driver.state === "ready") driver.become("draining");
    const over = new AbortController();
    void this.onDrain?.(driver, over.signal);
    const due = performance.now() + deadline;
    try {
      while (driver.state === "draining" && (driver.sessions > 0 || driver.calls > 0)) {
        if (performance.now() >= due || member.stop.signal.aborted) break;
        await sleep(DRAIN_INTERVAL, undefined, { ...(signal !== undefined && { signal }) });
      }
    } catch (error) {
      if (driver.state === "draining") driver.become("ready");
      signal?.throwIfAborted();
      throw error;
    } finally {
      over.abort();
    }
    const left = driver.sessions;
    member.stop.abort();
    await member.ended;
    return left;
  }

  /**
   * Restarts the drivers one after the other: the sessions of each move to others, it is stopped and started anew, and
   * answers a query before the next one's turn. Where there is no other that is ready, a spare one helps out. Whoever
   * stops reading stops it after the driver that it is at.
   * @throws {RolloutError}
   */
  restartRolling(options: RolloutOptions = {}): AsyncIterable<RolloutStep> {
    return this.#roll((step, signal) => restartRolling(this, options, step, signal), options);
  }

  /**
   * Replaces the drivers by ones of another version, one after the other: the new one is started and answers a query,
   * the sessions of the old one move, and it is stopped. When a new one fails, those that were replaced come back.
   * Whoever stops reading stops it after the driver that it is at.
   * @throws {RolloutError}
   */
  upgrade(options: UpgradeOptions): AsyncIterable<RolloutStep> {
    return this.#roll((step, signal) => upgrade(this, options, step, signal), options);
  }

  /** Calls `listener` after each change of a driver's state or sessions, until it is disposed of. */
  listen(listener: (change: DriverChange) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** So many sessions live on this driver now. */
  sessionsCounted(driver: Driver, sessions: number): void {
    driver.sessions = sessions;
    this.#tell({ driver, before: driver.state });
  }

  /** Ends all drivers that are ours. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    const members = [...this.#members.values()];
    for (const { stop } of members) stop.abort();
    await Promise.all([this.#rollout?.ended, ...members.map(({ ended }) => ended)]);
  }

  #roll(
    work: (step: (step: RolloutStep) => void, signal: AbortSignal) => Promise<void>,
    { pool, signal }: RolloutOptions,
  ): AsyncIterable<RolloutStep> {
    const pools = new Set(this.drivers.map((driver) => driver.pool));
    if (pool !== undefined && !pools.has(pool)) {
      throw new RolloutError("pool-unknown", `there is no pool "${pool}"; there is ${[...pools].join(", ")}`);
    }
    if (this.#rollout !== undefined) {
      throw new RolloutError("pool-busy", "the drivers are being restarted or upgraded already");
    }
    this.#rollout = startRollout(async (step, stop) => {
      try {
        await work(step, stop);
      } finally {
        // Before its reader learns of the end, who may begin another.
        this.#rollout = undefined;
      }
    }, signal);
    return this.#rollout.steps;
  }

  #tell(change: DriverChange): void {
    for (const listener of [...this.#listeners]) listener(change);
  }
}
