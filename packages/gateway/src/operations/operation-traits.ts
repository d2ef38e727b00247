import type { Driver } from "../drivers/driver.ts";
import type { Operation } from "./operation.ts";

/** Whether an operation has effects that must not be had twice. */
export function hasOnceEffect({ summary: { effect } }: Pick<Operation, "summary">): boolean {
  return effect.type !== "read" && effect.type !== "session";
}

/**
 * Whether a driver repeats, after a reattach, what it had sent and what has not arrived, and tells of stages: Apache
 * Spark does, Sail (whose catalogue is the session's) does not.
 */
export function resumes(driver: Driver): boolean {
  return driver.catalog !== "session";
}
