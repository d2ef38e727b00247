import { randomUUID } from "node:crypto";
import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { readMessages } from "../grpc/message-reader.ts";
import { METHODS, type Method } from "../grpc/methods.ts";
import { GatewayError, StatusCode } from "../grpc/status.ts";
import { claimedIdentity } from "../identity/identity.ts";
import type { Peer } from "../identity/peer.ts";
import { serveExecutePlan, serveReattach } from "../operations/serve-operation.ts";
import type { SessionName } from "../sessions/session-directory.ts";
import type { AdmittedCall, CallServices } from "./admitted-call.ts";
import { readCallHead } from "./call-head.ts";
import type { CallHead } from "./call.ts";
import { ClientAnswer } from "./client-answer.ts";
import { passCall } from "./pass-call.ts";
import { RequestBody } from "./request-body.ts";
import { serveInterrupt, serveRelease } from "./operation-calls.ts";

/** What calls may be; sizes are bytes. */
export interface PassThroughOptions {
  /** The largest message of a request; by default what Spark itself takes, 128 MiB. */
  readonly largestRequest?: number;
  /** What of a request of several messages is kept to be made again; by default 64 MiB. */
  readonly largestKept?: number;
}

const LARGEST_REQUEST = 128 * 1024 * 1024;

const LARGEST_KEPT = 64 * 1024 * 1024;

/** Headers that belong to one connection, or that the gateway answers itself; credentials are for it alone. */
const OWN_HEADERS = new Set([
  "te",
  "authorization",
  "grpc-encoding",
  "grpc-accept-encoding",
  "content-length",
  "host",
  "x-duet-pool",
  "x-request-id",
]);

/** What a request may be called by its client, so that it can stand in logs. */
const REQUEST_ID = /^[\w.:/+=-]{1,128}$/u;

/**
 * Serves one call: learns whose it is, and passes it on and its answer back as fast as the slower side takes them. Never
 * rejects: what goes wrong is told to the client as a gRPC status.
 */
export async function passThrough(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  peer: Peer,
  services: CallServices,
  options: PassThroughOptions = {},
): Promise<void> {
  const started = performance.now();
  const client = new ClientAnswer(stream, requestIdOf(headers));
  const body = new RequestBody(
    readMessages(stream, {
      largest: options.largestRequest ?? LARGEST_REQUEST,
      encoding: headers["grpc-encoding"]?.toString(),
    }),
    options.largestKept ?? LARGEST_KEPT,
  );
  const told = {
    method: headers[":path"] ?? "",
    userId: "",
    sessionId: "",
    driverId: undefined as string | undefined,
  };
  try {
    const method = METHODS.get(headers[":path"] ?? "");
    if (method === undefined) throw unknownMethod(headers[":path"]);
    told.method = method.name;
    const known = await services.authenticator.authenticate(headers, peer);
    const head = await readHead(method, body, headers);
    const identity = known ?? claimedIdentity(head.userId);
    told.userId = identity.userId;
    told.sessionId = head.sessionId;
    using call = await services.directory.enter(head, identity, client.gone);
    checkServerSession(head, call.session);
    told.driverId = call.place.driver.id;
    const key = { userId: identity.userId, clientId: call.session.clientId };
    try {
      await serve(services, {
        ...{ head, identity, key, call, client, body },
        headers: forwarded(headers, client.requestId),
      });
    } finally {
      told.driverId = call.place.driver.id;
    }
  } catch (error) {
    client.fail(GatewayError.from(error));
  } finally {
    services.events.emit({
      type: "call-ended",
      requestId: client.requestId,
      ...told,
      status: client.status,
      code: client.code,
      requestBytes: body.bytes,
      responseBytes: client.bytes,
      duration: performance.now() - started,
    });
  }
}

function serve(services: CallServices, admitted: AdmittedCall): Promise<void> {
  switch (admitted.head.method.name) {
    case "ExecutePlan":
      return serveExecutePlan(services, admitted);
    case "ReattachExecute":
      return serveReattach(services, admitted);
    case "Interrupt":
      return serveInterrupt(services, admitted);
    case "ReleaseExecute":
      return serveRelease(services, admitted);
    default:
      return passCall(services, admitted);
  }
}

/** In a function of its own, so that nothing keeps the message after it. */
async function readHead(method: Method, body: RequestBody, headers: IncomingHttpHeaders): Promise<CallHead> {
  const first = await body.first();
  if (first !== undefined) return readCallHead(method, first, headers["x-duet-pool"]?.toString());
  throw new GatewayError(
    "message-missing",
    StatusCode.invalidArgument,
    `${method.name} came without a message`,
  );
}

/** The session that the client has seen must be the one that there is. */
function checkServerSession({ observedServerSessionId: observed }: CallHead, session: SessionName): void {
  if (observed === undefined || observed === session.serverId) return;
  throw new GatewayError(
    "session-lost",
    StatusCode.internal,
    `the session ${session.clientId} is not the one any more that the client has seen: open a new one`,
    { errorClass: "INVALID_HANDLE.SESSION_CHANGED" },
  );
}

function unknownMethod(path: string | undefined): GatewayError {
  return new GatewayError(
    "method-unknown",
    StatusCode.unimplemented,
    `there is no method ${path ?? ""} here: the gateway serves Spark Connect`,
  );
}

function requestIdOf(headers: IncomingHttpHeaders): string {
  const given = headers["x-request-id"]?.toString() ?? "";
  return REQUEST_ID.test(given) ? given : randomUUID();
}

function forwarded(headers: IncomingHttpHeaders, requestId: string): OutgoingHttpHeaders {
  const kept = Object.entries(headers).filter(([name]) => !name.startsWith(":") && !OWN_HEADERS.has(name));
  return {
    ...Object.fromEntries(kept),
    "x-request-id": requestId,
    ":method": "POST",
    ":path": headers[":path"],
    te: "trailers",
  };
}
