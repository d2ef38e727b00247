import { setTimeout as sleep } from "node:timers/promises";
import pRetry from "p-retry";
import type { Driver } from "./driver.ts";
import { type DriverFacts, HealthCheck } from "./health.ts";
import type { DriverLauncher, LaunchedDriver } from "./launcher.ts";
import { Watch, type WatchTimes } from "./watch.ts";

/** How drivers are watched; all times are milliseconds. */
export interface WatchOptions extends WatchTimes {
  /** For a driver to answer a health check. */
  readonly timeout: number;
  /** From a driver's start to its first answer. */
  readonly start: number;
  /** The first pause before a lost driver is started again; it doubles each time … */
  readonly pause: number;
  /** … up to this. */
  readonly longestPause: number;
  /** A driver that was ready for so long begins with the first pause again. */
  readonly stable: number;
}

/**
 * A process that has died and a port that refuses are found at once, a hung driver within 20 s: a busy one may take long
 * to answer, and what runs on it is lost when it is taken for a hung one. A broken one is tried every 30 s in the end.
 */
export const WATCH_DEFAULTS: WatchOptions = {
  interval: 2_000,
  timeout: 6_000,
  failures: 3,
  start: 120_000,
  pause: 250,
  longestPause: 30_000,
  stable: 60_000,
};

/** Between two questions to a driver that is starting. */
const START_INTERVAL = 50;

/** Keeps a driver running until `signal` is aborted; then ends it and resolves. Tells the driver's state as it goes. */
export async function supervise(
  driver: Driver,
  launcher: DriverLauncher,
  options: WatchOptions,
  signal: AbortSignal,
): Promise<void> {
  const live = async () => {
    const readyFor = await liveOnce(driver, launcher, options, signal);
    if (!signal.aborted && readyFor < options.stable) throw new Error(driver.lostBecause);
  };
  while (!signal.aborted) {
    await pRetry(live, {
      retries: Infinity,
      minTimeout: options.pause,
      maxTimeout: options.longestPause,
      randomize: true,
      signal,
    }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }
  driver.stopped();
}

/** One life of a driver, from its start until it is lost or ended; gives for how many milliseconds it was ready. */
async function liveOnce(
  driver: Driver,
  launcher: DriverLauncher,
  options: WatchOptions,
  signal: AbortSignal,
): Promise<number> {
  let readySince: number | undefined;
  let launched: LaunchedDriver | undefined;
  let watch: Watch | undefined;
  const over = new AbortController();
  const life = AbortSignal.any([signal, over.signal]);
  if (driver.state === "lost") driver.become("starting");
  try {
    launched = await launcher.launch(life);
    const ended = launched.ended.then((reason): never => {
      throw new Error(reason);
    });
    const connection = driver.connect(launched.address);
    const health = new HealthCheck(connection, options.timeout);
    const facts = await Promise.race([ended, firstAnswer(health, options.start, life)]);
    watch = new Watch(connection, health, options);
    driver.ready(facts, watch);
    readySince = performance.now();
    await Promise.race([ended, watch.run(life)]);
  } catch (error) {
    // Told before the end of a hung process is waited for.
    if (!signal.aborted) driver.lost((error as Error).message);
  } finally {
    over.abort();
    watch?.[Symbol.dispose]();
    await launched?.[Symbol.asyncDispose]();
  }
  return readySince === undefined ? 0 : performance.now() - readySince;
}

async function firstAnswer(health: HealthCheck, within: number, signal: AbortSignal): Promise<DriverFacts> {
  const deadline = performance.now() + within;
  for (;;) {
    try {
      return await health.first();
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await sleep(START_INTERVAL, undefined, { signal });
  }
}
