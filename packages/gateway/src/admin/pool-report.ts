import type { DriverState } from "../drivers/driver-state.ts";

/** A driver as people and programs see it from outside. */
export interface DriverReport {
  readonly id: string;
  readonly state: DriverState;
  /** Undefined until it has said one. */
  readonly version: string | undefined;
  readonly pool: string;
  readonly sessions: number;
  readonly capacity: number;
  /** Calls that run on it. */
  readonly operations: number;
  /** Why it is in its state, or why sessions cannot leave it; empty when there is nothing to say. */
  readonly because: readonly string[];
}

/** A gateway's drivers at one moment. */
export interface PoolReport {
  /** Where clients connect. */
  readonly url: string;
  readonly drivers: readonly DriverReport[];
}

/** Whether new sessions would find a driver. */
export type Readiness = { readonly ready: true } | { readonly ready: false; readonly because: string };

/**
 * A pool serves when each of its labels has a driver that takes sessions. A gateway is ready when one of its pools does:
 * else a single broken pool would take the address from all clients.
 */
export function readiness({ drivers }: PoolReport): Readiness {
  if (drivers.some(({ state }) => state === "ready")) return { ready: true };
  if (drivers.length === 0) return { ready: false, because: "there is no driver" };
  const states = drivers.map(({ id, state }) => `${id} is ${state}`);
  return { ready: false, because: `no driver is ready: ${states.join(", ")}` };
}
