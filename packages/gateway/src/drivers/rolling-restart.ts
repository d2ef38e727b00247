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

/** See `DriverPool.restartRolling`. */
export async function restartRolling(
  pool: RolloutPool,
  options: RolloutOptions,
  tell: Tell,
  signal: AbortSignal,
): Promise<void> {
  for (const driver of chosenDrivers(pool, options)) {
    if (signal.aborted) return;
    const origin = ownOrigin(pool, driver, tell);
    if (origin === undefined) continue;
    const alone = !pool.drivers.some(
      (other) => other !== driver && other.pool === driver.pool && other.state === "ready",
    );
    const spare = alone ? unusedId(pool, `${driver.id}.spare`) : undefined;
    try {
      if (spare !== undefined) {
        await startDriver(pool, { ...origin.options, id: spare }, origin.launcher, tell);
      }
      await drainDriver(pool, driver.id, options, tell);
      await startDriver(pool, origin.options, origin.launcher, tell);
      if (spare !== undefined) await drainDriver(pool, spare, options, tell);
    } catch (cause) {
      const helper = pool.drivers.find(({ id }) => id === spare);
      if (helper !== undefined && helper.state !== "ready") await drainDriver(pool, helper.id, options, tell);
      throw new RolloutError("restart-failed", `the rolling restart stopped: ${(cause as Error).message}`, {
        cause,
      });
    }
  }
}
