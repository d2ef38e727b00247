import type { Driver, DriverOptions } from "./driver.ts";
import type { DriverLauncher } from "./launcher.ts";
import {
  chosenDrivers,
  drainDriver,
  ownOrigin,
  RolloutError,
  type RolloutOptions,
  type RolloutPool,
  startDriver,
  type Tell,
  unusedId,
} from "./rollout.ts";

/** How drivers are upgraded. */
export interface UpgradeOptions extends RolloutOptions {
  /** Where the driver of the new version comes from that is to follow this one. */
  readonly launcher: (driver: Driver) => DriverLauncher | Promise<DriverLauncher>;
  /** The version of Spark that the new ones must say they have; left out, any. */
  readonly version?: string;
}

interface Replaced {
  readonly options: DriverOptions;
  readonly launcher: DriverLauncher;
  readonly successor: string;
}

/** See `DriverPool.upgrade`. */
export async function upgrade(
  pool: RolloutPool,
  options: UpgradeOptions,
  tell: Tell,
  signal: AbortSignal,
): Promise<void> {
  const replaced: Replaced[] = [];
  for (const driver of chosenDrivers(pool, options)) {
    if (signal.aborted) return;
    const origin = ownOrigin(pool, driver, tell);
    if (origin === undefined) continue;
    const successor = unusedId(pool, `${driver.id.replace(/\.\d+$/u, "")}.2`);
    try {
      await replace(pool, driver, successor, options, tell);
      replaced.push({ ...origin, successor });
    } catch (cause) {
      const because = (cause as Error).message;
      if (pool.origin(successor) !== undefined) await drainDriver(pool, successor, options, tell);
      const failed = await rollBack(pool, replaced, options, tell, because);
      const [code, end] =
        failed.length === 0
          ? (["upgrade-failed", "all is as before"] as const)
          : (["rollback-failed", `not brought back: ${failed.join("; ")}`] as const);
      throw new RolloutError(code, `the upgrade of ${driver.id} failed: ${because} (${end})`, { cause });
    }
  }
}

/** Lets `successor` take the place of a driver; when that fails, the driver is ready as before. */
async function replace(
  pool: RolloutPool,
  driver: Driver,
  successor: string,
  options: UpgradeOptions,
  tell: Tell,
): Promise<void> {
  const launcher = await options.launcher(driver);
  const place = { id: successor, pool: driver.pool, capacity: driver.capacity };
  const next = await startDriver(pool, place, launcher, tell);
  if (options.version !== undefined && next.version !== options.version) {
    throw new Error(
      `the driver ${next.id} is Spark ${next.version ?? "of an unknown version"}, and ${options.version} was asked for`,
    );
  }
  await drainDriver(pool, driver.id, options, tell, next);
}

/** Brings the old drivers back, the last replaced first; gives what went wrong. */
async function rollBack(
  pool: RolloutPool,
  replaced: readonly Replaced[],
  rollout: RolloutOptions,
  tell: Tell,
  because: string,
): Promise<readonly string[]> {
  const failed: string[] = [];
  for (const { options, launcher, successor } of replaced.toReversed()) {
    try {
      await startDriver(pool, options, launcher, tell);
      tell({ type: "rolled-back", driverId: options.id, because });
      await drainDriver(pool, successor, rollout, tell);
    } catch (error) {
      failed.push((error as Error).message);
    }
  }
  return failed;
}
