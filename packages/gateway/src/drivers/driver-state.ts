/**
 * What a driver is at:
 * - `starting`: it has been started, or its address was given, and it has not answered yet; one that the gateway has
 *   started also answers a first query before it is ready;
 * - `ready`: it answers, and takes new sessions until it is full;
 * - `draining`: it answers the sessions that it has, and takes no new ones; it is stopped when they have ended or moved
 *   to others, or ready again when that is called off;
 * - `lost`: it has died, hangs or cannot be reached, and its sessions with it; it is started anew, or its address tried
 *   again, after a while that grows with each failure;
 * - `stopped`: it was ended on purpose, for good.
 */
export type DriverState = "starting" | "ready" | "draining" | "lost" | "stopped";

/** Where a state may lead. */
const NEXT: Readonly<Record<DriverState, readonly DriverState[]>> = {
  starting: ["ready", "lost", "stopped"],
  ready: ["draining", "lost", "stopped"],
  draining: ["ready", "lost", "stopped"],
  lost: ["starting", "stopped"],
  stopped: [],
};

/** Whether a driver may go from one state to another. */
export function mayBecome(from: DriverState, to: DriverState): boolean {
  return NEXT[from].includes(to);
}
