import type { Method } from "../grpc/methods.ts";
import type { Translate } from "../grpc/response-rewriter.ts";
import type { Identity } from "../identity/identity.ts";
import { userContext } from "../identity/user-context.ts";
import type { CloneIds, SessionName, SessionPlace } from "../sessions/session-directory.ts";

/** What a request's fields are to be on a driver: undefined for those that are left out. */
export function requestFields(
  { request }: Method,
  claimed: Buffer | undefined,
  identity: Identity,
  { driverSessionId }: SessionPlace,
  clone?: CloneIds,
): Map<number, Buffer | undefined> {
  const values = new Map<number, Buffer | undefined>([
    [request.sessionId, Buffer.from(driverSessionId)],
    [request.userContext, userContext(identity, claimed)],
  ]);
  // It has been compared with what the client knows; the driver has another one.
  if (request.observedServerSessionId !== undefined) values.set(request.observedServerSessionId, undefined);
  if (clone !== undefined && request.newSessionId !== undefined) {
    values.set(request.newSessionId, Buffer.from(clone.driverSessionId));
  }
  return values;
}

/** How the ids in a driver's answer are told to the client. */
export function responseFields(
  { response }: Method,
  sessionId: string,
  { serverId }: SessionName,
  { driverSessionId }: SessionPlace,
  clone?: CloneIds,
): Map<number, Translate> {
  const values = new Map<number, Translate>([[response.sessionId, translation(driverSessionId, sessionId)]]);
  if (response.serverSessionId !== undefined) values.set(response.serverSessionId, () => serverId);
  if (clone === undefined) return values;
  if (response.newSessionId !== undefined) {
    values.set(response.newSessionId, translation(clone.driverSessionId, clone.clientId));
  }
  if (response.newServerSessionId !== undefined) {
    values.set(response.newServerSessionId, () => clone.serverId);
  }
  return values;
}

function translation(from: string, to: string): Translate {
  return (value) => (value === from ? to : value);
}
