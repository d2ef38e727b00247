import { BrokenMessageError, fields } from "../grpc/fields.ts";
import { USER_ID_FIELD, type Method } from "../grpc/methods.ts";
import { GatewayError, StatusCode } from "../grpc/status.ts";
import type { CallHead } from "./call.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/iu;

/**
 * Reads whom a call is from and what it is for out of its first message.
 * @throws {GatewayError} `message-broken`, `session-id-invalid`.
 */
export function readCallHead(method: Method, message: Buffer, pool: string | undefined): CallHead {
  const { request } = method;
  const values = stringFields(message);
  /** Undefined also for an empty one, which is none in proto3. */
  const text = (number: number | undefined) => {
    const value = number === undefined ? undefined : values.get(number);
    return value === undefined || value.length === 0 ? undefined : value.toString("utf8");
  };
  const sessionId = text(request.sessionId) ?? "";
  const newSessionId = text(request.newSessionId);
  for (const id of [sessionId, newSessionId]) {
    if (id === undefined || UUID.test(id)) continue;
    throw new GatewayError(
      "session-id-invalid",
      StatusCode.invalidArgument,
      `the session id "${id.slice(0, 64)}" of ${method.name} is no UUID`,
      { errorClass: "INVALID_HANDLE.FORMAT" },
    );
  }
  const context = values.get(request.userContext);
  const userId = context === undefined ? undefined : stringFields(context).get(USER_ID_FIELD);
  return {
    method,
    sessionId,
    userId: userId?.toString("utf8") ?? "",
    // A copy, since what it lies in may be large.
    userContext: context === undefined ? undefined : Buffer.from(context),
    operationId: text(request.operationId),
    lastResponseId: text(request.lastResponseId),
    observedServerSessionId: text(request.observedServerSessionId),
    newSessionId,
    pool,
  };
}

/** The strings and messages of a message by field number; of a field given twice the last, as protobuf says. */
function stringFields(message: Buffer): ReadonlyMap<number, Buffer> {
  try {
    const values = new Map<number, Buffer>();
    for (const { number, value } of fields(message)) if (value !== undefined) values.set(number, value);
    return values;
  } catch (cause) {
    if (!(cause instanceof BrokenMessageError)) throw cause;
    throw new GatewayError(
      "message-broken",
      StatusCode.invalidArgument,
      `the request is no message of Spark Connect: ${cause.message}`,
      { cause },
    );
  }
}
