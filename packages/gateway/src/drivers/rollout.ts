import type { Driver, DriverOptions } from "./driver.ts";
import type { DriverLauncher } from "./launcher.ts";
import type { RolloutStep } from "./rollout-step.ts";
import type { Proof } from "./supervise.ts";

/** Which drivers are restarted or upgraded, and how. Times are milliseconds. */
export interface RolloutOptions {
  /** Only the drivers of the pool with this label. */
  readonly pool?: string;
  /** How long the running operations of each driver have; by default five minutes. Then it is stopped all the same. */
  readonly deadline?: number;
  /** Aborting it ends the rollout after the driver that it is at. */
  readonly signal?: AbortSignal;
}

/**
 * - `pool-unknown`: there is no pool with the label;
 * - `pool-busy`: there is another rollout;
 * - `restart-failed`: a driver has not come back, and is tried again as any lost one; those after it run on as they were;
 * - `upgrade-failed`: a new driver has failed, and all are as they were before;
 * - `rollback-failed`: a new driver has failed, and of those replaced before some could not be brought back.
 */
export type RolloutErrorCode =
  "pool-unknown" | "pool-busy" | "restart-failed" | "upgrade-failed" | "rollback-failed";

/** Thrown when drivers cannot be restarted or upgraded. */
export class RolloutError extends Error {
  override readonly name = "RolloutError";
  readonly code: RolloutErrorCode;

  constructor(code: RolloutErrorCode, message: string, details?: ErrorOptions) {
    super(message, details);
    this.code = code;
  }
}

/** How a driver was added. */
export interface DriverOrigin {
  readonly options: DriverOptions;
  readonly launcher: DriverLauncher;
}

/** What a rollout needs of the pool. */
export interface RolloutPool {
  readonly drivers: readonly Driver[];
  add(options: DriverOptions, launcher: DriverLauncher, proven: Proof): Driver;
  origin(id: string): DriverOrigin | undefined;
  drain(id: string, deadline: number, signal?: AbortSignal): Promise<number>;
  listen(listener: () => void): Disposable;
}

/** Takes the steps of a rollout. */
export type Tell = (step: RolloutStep) => void;

const DEADLINE = 300_000;

/** The drivers that a rollout is about, as they are at its beginning. */
export function chosenDrivers({ drivers }: RolloutPool, { pool }: RolloutOptions): readonly Driver[] {
  return drivers.filter((driver) => pool === undefined || driver.pool === pool);
}

/** How a driver was added, if it is there still and the gateway's own; else tells that it is left as it is. */
export function ownOrigin(pool: RolloutPool, driver: Driver, tell: Tell): DriverOrigin | undefined {
  const origin = pool.drivers.includes(driver) ? pool.origin(driver.id) : undefined;
  if (origin?.launcher.ours === true && driver.state !== "draining") return origin;
  const because =
    origin === undefined
      ? "it has gone meanwhile"
      : driver.state === "draining"
        ? "it is draining already"
        : "the gateway has not started it";
  tell({ type: "skipped", driverId: driver.id, because });
  return undefined;
}

/**
 * Adds a driver and waits until it is ready, having answered a query.
 * @throws when it is lost or stopped before; it stays in the pool then.
 */
export async function startDriver(
  pool: RolloutPool,
  options: DriverOptions,
  launcher: DriverLauncher,
  tell: Tell,
): Promise<Driver> {
  const since = performance.now();
  tell({ type: "starting", driverId: options.id });
  const driver = pool.add(options, launcher, "required");
  const { promise: decided, resolve } = Promise.withResolvers<undefined>();
  const listening = pool.listen(() => {
    if (driver.state !== "starting") resolve(undefined);
  });
  await decided;
  listening[Symbol.dispose]();
  if (driver.state !== "ready") {
    throw new Error(`the driver ${driver.id} did not start: ${driver.lostBecause ?? "it was stopped"}`);
  }
  const duration = performance.now() - since;
  tell({ type: "ready", driverId: driver.id, version: driver.version, duration });
  return driver;
}

/**
 * Drains a driver until it has stopped, and tells how that goes on.
 * @throws when `successor` is lost meanwhile; the driver is ready then as before.
 */
export async function drainDriver(
  pool: RolloutPool,
  id: string,
  { deadline = DEADLINE }: RolloutOptions,
  tell: Tell,
  successor?: Driver,
): Promise<void> {
  const off = new AbortController();
  let told = -1;
  const listening = pool.listen(() => {
    if (successor?.state === "lost") {
      off.abort(new Error(`the driver ${successor.id} was lost: ${successor.lostBecause ?? ""}`));
    }
    const driver = pool.drivers.find((one) => one.id === id);
    if (driver?.state !== "draining" || driver.sessions === told) return;
    told = driver.sessions;
    tell({ type: "draining", driverId: id, sessions: told });
  });
  try {
    const sessionsLeft = await pool.drain(id, deadline, off.signal);
    tell({ type: "stopped", driverId: id, sessionsLeft });
  } finally {
    listening[Symbol.dispose]();
  }
}

/** The id, or, when it is taken, the next one: `a.2`, `a.3` … */
export function unusedId({ drivers }: RolloutPool, id: string): string {
  const taken = new Set(drivers.map((driver) => driver.id));
  const [, name = id, number = "1"] = /^(.*?)(?:\.(\d+))?$/u.exec(id) ?? [];
  let next = id;
  for (let count = Number(number) + 1; taken.has(next); count += 1) next = `${name}.${count}`;
  return next;
}
