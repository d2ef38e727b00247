import type { KnownSessions } from "./known-sessions.ts";
import type { Session } from "./session.ts";

/** An open session as it is seen from outside. */
export interface SessionReport {
  readonly userId: string;
  /** The id that the client has chosen. */
  readonly sessionId: string;
  readonly pool: string;
  /** The driver that it was placed on last, which may be lost or gone by now: the next call moves the session then. */
  readonly driverId: string | undefined;
  /** Calls that run at this gateway. */
  readonly calls: number;
  /** Why it cannot be moved; empty when it can. */
  readonly pins: readonly string[];
  /** Why it has not left a driver that drains. */
  readonly stays: string | undefined;
  /** Milliseconds since 1970. */
  readonly lastUsed: number;
}

/** Describes all sessions that are known, a snapshot. */
export function reportSessions(known: KnownSessions): readonly SessionReport[] {
  return known.all.map((session) => report(session));
}

function report(session: Session): SessionReport {
  return {
    userId: session.userId,
    sessionId: session.clientId,
    pool: session.pool,
    driverId: session.stored.place?.driverId,
    calls: session.calls,
    pins: session.pins,
    stays: session.stays,
    lastUsed: session.lastUsed,
  };
}
