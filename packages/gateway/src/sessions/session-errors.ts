import { GatewayError, StatusCode } from "../grpc/status.ts";
import type { SessionKey, StoredSession } from "../store/session-store.ts";

/** A call that needs a session came, and there is none. */
export function unknownSession({ clientId }: SessionKey, method: string): GatewayError {
  return new GatewayError(
    "session-unknown",
    StatusCode.notFound,
    `there is no session ${clientId} for ${method}`,
    { errorClass: "INVALID_HANDLE.SESSION_NOT_FOUND" },
  );
}

/** The session has ended: released by its client, or idle for too long. */
export function closedSession({ clientId }: SessionKey, reason: string | undefined): GatewayError {
  const why = reason === undefined ? "" : ` (${reason})`;
  return new GatewayError(
    "session-closed",
    StatusCode.notFound,
    `the session ${clientId} has ended${why}: open a new one`,
    { errorClass: "INVALID_HANDLE.SESSION_CLOSED" },
  );
}

/** Named as Spark names a driver that was started anew, so that clients know that the session cannot be gone on with. */
export function lostSession({ clientId }: SessionKey, reason: string | undefined): GatewayError {
  return new GatewayError(
    "session-lost",
    StatusCode.internal,
    `the session ${clientId} was lost with its driver: ${reason ?? "it could not be moved"}. Open a new one`,
    { errorClass: "INVALID_HANDLE.SESSION_CHANGED" },
  );
}

/** @throws {GatewayError} `session-closed`, `session-lost` unless the session goes on. */
export function assertOpen(session: StoredSession): void {
  if (session.state === "closed") throw closedSession(session, session.lostBecause);
  if (session.state === "lost") throw lostSession(session, session.lostBecause);
}
