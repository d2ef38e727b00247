import { METHODS } from "../grpc/methods.ts";
import { GatewayError } from "../grpc/status.ts";
import { userContext } from "../identity/user-context.ts";
import type { JournalEntry } from "../journal/journal-entry.ts";
import { replayRequests } from "../journal/replay-requests.ts";
import { rawCall } from "../proxy/raw-call.ts";
import type { DriverConnection } from "../proxy/driver-connection.ts";

/** Where a journal is replayed. */
export interface ReplayTarget {
  readonly connection: DriverConnection;
  readonly driverSessionId: string;
  readonly userId: string;
}

/** Thrown when a driver does not take an entry of a journal; the message names it and has the driver's own words. */
export class ReplayError extends Error {
  override readonly name = "ReplayError";
  /** The driver has not answered, so that another one, or the same later, may take it. */
  readonly driverFailed: boolean;

  constructor(entry: JournalEntry, cause: Error, driverFailed: boolean) {
    super(`${nameOf(entry)} could not be made again: ${cause.message}`, { cause });
    this.driverFailed = driverFailed;
  }
}

/** Milliseconds that one entry may take. Views are not computed and functions not run, so that none takes long. */
const ENTRY_TIMEOUT = 120_000;

/**
 * Makes the calls of a journal again, one after the other, since each may need what is before it. Gives how many.
 * @throws {ReplayError}
 */
export async function replay(
  entries: AsyncIterable<JournalEntry>,
  target: ReplayTarget,
  signal: AbortSignal,
): Promise<number> {
  const identity = { userId: target.userId, pool: undefined };
  const as = { driverSessionId: target.driverSessionId, userContext: userContext(identity, undefined) };
  let count = 0;
  for await (const entry of entries) {
    // It counts only by what it supersedes.
    if (entry.messages.length === 0) continue;
    const due = AbortSignal.any([signal, AbortSignal.timeout(ENTRY_TIMEOUT)]);
    try {
      await rawCall(target.connection, pathOf(entry.method), replayRequests(entry, as), due);
    } catch (error) {
      signal.throwIfAborted();
      throw new ReplayError(entry, error as Error, due.aborted || error instanceof GatewayError);
    }
    count += 1;
  }
  return count;
}

function pathOf(method: string): string {
  for (const [path, { name }] of METHODS) if (name === method) return path;
  throw new Error(`Spark Connect has no method ${method}`);
}

/** `the view orders` */
function nameOf({ kind, defines, method }: JournalEntry): string {
  const names = defines.map((name) => name.slice(name.indexOf(":") + 1)).join(", ");
  return names === "" ? `a call of ${method}` : `the ${kind} ${names}`;
}
