import { setTimeout as sleep } from "node:timers/promises";
import pRetry from "p-retry";
import { GatewayError } from "../grpc/status.ts";
import type { DriverConnection } from "../proxy/driver-connection.ts";
import type { Driver } from "./driver.ts";
import { type DriverFacts, HealthCheck } from "./health.ts";
import type { DriverLauncher, LaunchedDriver } from "./launcher.ts";
import { prove } from "./proof.ts";
import { Watch, type WatchTimes } from "./watch.ts";

/** How drivers are watched; all times are milliseconds. */
export interface WatchOptions extends WatchTimes {
  /** For a driver to answer a health check. */
  readonly timeout: number;
  /** From a driver's start to its first answer. */
  readonly start: number;
  /** For a driver that the gateway has started to answer a first query. One that takes longer is ready without. */
  readonly proof: number;
  /** The first pause before a lost driver is started again; it doubles each time … */
  readonly pause: number;
  /** … up to this. */
  readonly longestPause: number;
  /** A driver that was ready for so long begins with the first pause again. */
  readonly stable: number;
}

/**
 * A process that has died and a port that refuses are found at once, a hung driver within 20 s, or two minutes where its
 * processes still work: a busy one may take long to answer, and what runs on it is lost when it is taken for a hung one.
 * A broken one is tried every 30 s in the end.
 */
export const WATCH_DEFAULTS: WatchOptions = {
  interval: 2_000,
  timeout: 6_000,
  failures: 3,
  busy: 120_000,
  start: 120_000,
  proof: 15_000,
  pause: 250,
  longestPause: 30_000,
  stable: 60_000,
};

/** Milliseconds between the closing of a process's port and its end. */
const LAST_WORDS = 100;

/** Between two questions to a driver that is starting. */
const START_INTERVAL = 50;

/** Whether a driver is ready without having answered a query. */
export type Proof =
  /** It is taken as it is. */
  | "none"
  /** It is asked; to give no answer in time is allowed (its executors may have to wait for a busy cluster). */
  | "tried"
  /** It must have answered, as soon as it must have started. */
  | "required";

/** How a driver is kept running. */
export interface Supervision extends WatchOptions {
  readonly proven: Proof;
}

/** Keeps a driver running until `signal` is aborted; then ends it and resolves. Tells the driver's state as it goes. */
export async function supervise(
  driver: Driver,
  launcher: DriverLauncher,
  options: Supervision,
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
  options: Supervision,
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
    const connection = driver.connect(launched.address, launched.workingFolder);
    const health = new HealthCheck(connection, options.timeout);
    const facts = await Promise.race([ended, firstAnswer(health, options.start, life)]);
    await Promise.race([ended, proveIt(connection, options)]);
    connection.verify = (fresh) => health.again(fresh);
    const alive = launched;
    watch = new Watch(connection, health, options, async () => alive.processorTime?.());
    driver.ready(facts, watch);
    readySince = performance.now();
    await Promise.race([ended, watch.run(life)]);
  } catch (error) {
    // Told before the end of a hung process is waited for.
    const { message } = error as Error;
    if (!signal.aborted) driver.lost(launcher.ours ? await lastWords(launched, message) : message);
  } finally {
    over.abort();
    watch?.[Symbol.dispose]();
    await launched?.[Symbol.asyncDispose]();
  }
  return readySince === undefined ? 0 : performance.now() - readySince;
}

/** Why a driver is lost: when its process has ended, that says more than that nobody listens any more. */
async function lastWords(launched: LaunchedDriver | undefined, otherwise: string): Promise<string> {
  if (launched === undefined) return otherwise;
  return Promise.race([launched.ended, sleep(LAST_WORDS, otherwise)]);
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

async function proveIt(connection: DriverConnection, options: Supervision): Promise<void> {
  if (options.proven === "none") return;
  const required = options.proven === "required";
  try {
    await prove(connection, required ? options.start : options.proof);
  } catch (error) {
    const late = error instanceof GatewayError && error.code === "driver-silent";
    if (required || !late)
      throw new Error(`its first query failed: ${(error as Error).message}`, { cause: error });
  }
}
