import { setTimeout as sleep } from "node:timers/promises";
import { GatewayError } from "../grpc/status.ts";
import { DriverConnection } from "../proxy/driver-connection.ts";
import { DriverRestartedError, type HealthCheck } from "./health.ts";

/** When a driver is checked, and when it counts as lost. Times are milliseconds. */
export interface WatchTimes {
  /** Between two health checks. */
  readonly interval: number;
  /** So many checks in a row must fail. */
  readonly failures: number;
  /** From the first of them, as long as the driver's processes work. */
  readonly busy: number;
}

/** Processor time of a driver's processes so far, in milliseconds; undefined where nobody can tell. */
export type ProcessorTime = () => Promise<number | undefined>;

/** A driver that takes less than this share of a core does not work, but hangs. */
const WORKING = 0.2;

/** Milliseconds after a check whose connection broke. */
const BROKEN_PAUSE = 200;

/** Checks one life of a driver from time to time, and at once when somebody doubts that it lives. */
export class Watch implements Disposable {
  readonly #connection: DriverConnection;
  readonly #health: HealthCheck;
  readonly #times: WatchTimes;
  readonly #processorTime: ProcessorTime;
  /** Who waits for the outcome of a check that has not begun yet when they ask. */
  readonly #doubters: ((alive: boolean) => void)[] = [];
  #doubted = new AbortController();
  #over = false;

  constructor(
    connection: DriverConnection,
    health: HealthCheck,
    times: WatchTimes,
    processorTime: ProcessorTime = () => Promise.resolve(undefined),
  ) {
    this.#connection = connection;
    this.#health = health;
    this.#times = times;
    this.#processorTime = processorTime;
  }

  /** Checks at once; tells whether the driver lives, when that is known. */
  suspect(): Promise<boolean> {
    if (this.#over) return Promise.resolve(false);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#doubters.push(resolve);
    this.#doubted.abort();
    return promise;
  }

  /** Checks until `signal` is aborted. Rejects with the reason when the driver does not live any more. */
  async run(signal: AbortSignal): Promise<never> {
    signal.addEventListener("abort", () => {
      this.#doubted.abort();
    });
    for (;;) {
      await this.#pause(signal);
      const asking = this.#doubters.length;
      await this.#check(signal);
      for (const tell of this.#doubters.splice(0, asking)) tell(true);
    }
  }

  /** The driver does not live any more. */
  [Symbol.dispose](): void {
    this.#over = true;
    for (const tell of this.#doubters.splice(0)) tell(false);
  }

  /** Waits until the next check is due, which is at once when somebody doubts. */
  async #pause(signal: AbortSignal): Promise<void> {
    if (this.#doubters.length === 0) {
      this.#doubted = new AbortController();
      const { signal: doubted } = this.#doubted;
      await sleep(this.#times.interval, undefined, { signal: doubted }).catch((error: unknown) => {
        if (!doubted.aborted) throw error;
      });
    }
    signal.throwIfAborted();
  }

  /**
   * One check, made again until it is clear how it ends. A port that refuses is clear at once. Where the connection is
   * silent, another one is tried beside it: a connection of which the other end knows nothing any more (half open) is
   * broken off, and the driver lives. A silent driver that works is given more time: Sail answers nobody while a query
   * that does not yield has all its threads.
   */
  async #check(signal: AbortSignal): Promise<void> {
    const begun = performance.now();
    let work: Work | undefined;
    for (let failures = 1; ; failures += 1) {
      const other = failures > 1 ? this.#askAnew() : Promise.resolve(false);
      const failure = await this.#ask();
      if (failure === undefined) return;
      if (isRestarted(failure) || isRefused(failure)) throw failure;
      if (failures >= this.#times.failures && (await other)) {
        this.#connection.reset();
        return;
      }
      const before = work;
      work = { at: performance.now(), processorTime: await this.#processorTime() };
      const bearable = isWorking(before, work) && performance.now() - begun < this.#times.busy;
      if (failures >= this.#times.failures && !bearable) throw failure;
      await sleep(this.#beforeRetry(failure), undefined, { signal });
    }
  }

  /** A silent driver has been waited for; one that answers with an error is to have time to come to itself. */
  #beforeRetry(failure: Error): number {
    if (!(failure instanceof GatewayError)) return this.#times.interval;
    return failure.code === "driver-silent" ? 0 : Math.min(BROKEN_PAUSE, this.#times.interval);
  }

  async #ask(): Promise<Error | undefined> {
    try {
      await this.#health.again();
      return undefined;
    } catch (error) {
      return error as Error;
    }
  }

  /** Whether the driver answers on a connection of its own. */
  async #askAnew(): Promise<boolean> {
    using connection = new DriverConnection(this.#connection.address);
    try {
      await this.#health.again(connection);
      return true;
    } catch {
      return false; // The reason is told by the check beside this one.
    }
  }
}

/** What a driver's processes had done at a time. */
interface Work {
  readonly at: number;
  readonly processorTime: number | undefined;
}

function isWorking(before: Work | undefined, now: Work): boolean {
  if (before?.processorTime === undefined || now.processorTime === undefined) return false;
  return now.processorTime - before.processorTime > WORKING * (now.at - before.at);
}

/** Whether another driver is there, told by the check itself or when the connection was opened anew. */
function isRestarted(error: Error): boolean {
  return error instanceof DriverRestartedError || error.cause instanceof DriverRestartedError;
}

/** Whether nobody listens at the driver's address. */
function isRefused(error: Error): boolean {
  const { cause } = error;
  return cause instanceof Error && "code" in cause && cause.code === "ECONNREFUSED";
}
