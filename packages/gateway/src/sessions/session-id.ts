import { randomUUID } from "node:crypto";

/**
 * An id under which a driver is to know a session. Random, because Sail gives a session to whoever knows its id, and
 * never given twice, because an id that has ended on a driver, or whose journal was replayed by half, is of no use.
 */
export function newDriverSessionId(): string {
  return randomUUID();
}
