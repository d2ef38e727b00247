import { DEFAULT_POOL, type Driver } from "../drivers/driver.ts";
import type { DriverLauncher } from "../drivers/launcher.ts";
import type { DriverPool } from "../drivers/pool.ts";
import type { RolloutOptions } from "../drivers/rollout.ts";
import { describeStep, type RolloutStep } from "../drivers/rollout-step.ts";
import { AdminError } from "./admin-error.ts";
import type { DriverWishes } from "./driver-wishes.ts";
import type { PoolActions, PoolProgress, RollingRequest } from "./pool-actions.ts";
import type { DriverReport } from "./pool-report.ts";

/** What the actions on a gateway's drivers work with. */
export interface ActionParts {
  readonly url: string;
  readonly pool: DriverPool;
  readonly wishes: DriverWishes;
  /** Milliseconds that a driver has for its running operations when it is not said. */
  readonly deadline: number;
  /** Where a driver of another version of Spark comes from. */
  readonly launcher: (driver: Driver, version: string) => Promise<DriverLauncher>;
  /** Which sessions of a driver cannot be moved and why, in words. */
  readonly pins: (driver: Driver) => readonly string[];
}

/** Makes a gateway's drivers reachable for its admin listener. */
export function gatewayActions(parts: ActionParts): PoolActions {
  const { url, pool, wishes, launcher } = parts;
  const rollout = ({ pool: name, deadline = parts.deadline }: RollingRequest, signal: AbortSignal) => {
    const options: RolloutOptions = { deadline, signal, ...(name === undefined ? {} : { pool: name }) };
    return options;
  };
  return {
    report: () => ({ url, drivers: pool.drivers.map((driver) => reportOf(driver, parts.pins(driver))) }),
    add: (driver) => wishes.add(driver),
    drain: async function* (driverId, deadline = parts.deadline) {
      const driver = pool.drivers.find(({ id }) => id === driverId);
      if (driver === undefined) throw new AdminError("driver-unknown", unknownDriver(driverId, pool));
      yield { driverId, text: `draining, ${count(driver.sessions, "session")} on it` };
      const left = await wishes.drain(driver, deadline);
      yield { driverId, text: describeStep({ type: "stopped", driverId, sessionsLeft: left }) };
    },
    restart: (request, signal) => progress(pool.restartRolling(rollout(request, signal))),
    upgrade: ({ version, ...request }, signal) =>
      progress(
        pool.upgrade({
          ...rollout(request, signal),
          version,
          launcher: (driver) => launcher(driver, version),
        }),
      ),
  };
}

async function* progress(steps: AsyncIterable<RolloutStep>): AsyncGenerator<PoolProgress> {
  for await (const step of steps) yield { driverId: step.driverId, text: describeStep(step) };
}

function reportOf(driver: Driver, pins: readonly string[]): DriverReport {
  const { id, state, version, pool, sessions, capacity, calls, lostBecause } = driver;
  const because = [
    ...(lostBecause === undefined ? [] : [lostBecause]),
    ...(state === "draining" ? [`${count(sessions, "session")} left`] : []),
    ...pins,
  ];
  return { id, state, version, pool, sessions, capacity, operations: calls, because };
}

function unknownDriver(id: string, pool: DriverPool): string {
  const names = pool.drivers.map((driver) =>
    driver.pool === DEFAULT_POOL ? driver.id : `${driver.id} (${driver.pool})`,
  );
  return `there is no driver ${id}; there is ${names.length === 0 ? "none" : names.join(", ")}`;
}

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? "" : "s"}`;
