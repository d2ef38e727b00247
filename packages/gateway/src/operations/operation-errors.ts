import { GatewayError, StatusCode } from "../grpc/status.ts";
import type { Operation } from "./operation.ts";

/** The operation's driver has gone, and what the client has of its result cannot be gone on with. */
export function operationLost(id: string, why: string, cause?: unknown): GatewayError {
  return new GatewayError(
    "operation-lost",
    StatusCode.aborted,
    `the operation ${id} cannot be gone on with: ${why}: run it again`,
    cause === undefined ? {} : { cause },
  );
}

/** A write was on its way when its driver went. */
export function outcomeUnknown(id: string, cause?: unknown): GatewayError {
  const why = cause instanceof Error ? ` (${cause.message})` : "";
  return new GatewayError(
    "write-outcome-unknown",
    StatusCode.aborted,
    `the operation ${id} has effects outside of its session, and its driver was lost while it ran${why}: it may have taken effect or not, and is not executed again; look before you run it again`,
    cause === undefined ? {} : { cause },
  );
}

/** An operation that must not be executed twice was on its way when its driver went. */
export function onceFailed({ id, summary: { effect } }: Operation, cause?: Error): GatewayError {
  if (effect.type !== "pin") return outcomeUnknown(id, cause);
  const because = cause === undefined ? "" : ` (${cause.message})`;
  return operationLost(
    id,
    `its driver was lost${because}, and the session cannot be moved with it: ${effect.reason}`,
    cause,
  );
}

/** There is an operation with this id. */
export function operationExists(id: string, state: string): GatewayError {
  return new GatewayError(
    "operation-exists",
    StatusCode.invalidArgument,
    `there is an operation ${id} already (${state}): it is not executed twice`,
    { errorClass: "INVALID_HANDLE.OPERATION_ALREADY_EXISTS" },
  );
}

/** Nobody knows of the operation; a client that has nothing of it sends its plan again. */
export function operationUnknown(id: string): GatewayError {
  return new GatewayError("operation-unknown", StatusCode.notFound, `there is no operation ${id}`, {
    errorClass: "INVALID_HANDLE.OPERATION_NOT_FOUND",
  });
}

/** The client has interrupted it, and its driver has gone meanwhile or does not say so. */
export function operationInterrupted(id: string): GatewayError {
  return new GatewayError(
    "operation-interrupted",
    StatusCode.cancelled,
    `the operation ${id} was interrupted`,
    { errorClass: "OPERATION_CANCELED" },
  );
}

/** Another call has taken the operation's answer over; clients that get this know it from Spark. */
export function answerTakenOver(id: string): GatewayError {
  return new GatewayError(
    "operation-exists",
    StatusCode.internal,
    `another call has taken over the answer of the operation ${id}`,
    { errorClass: "INVALID_CURSOR.DISCONNECTED" },
  );
}
