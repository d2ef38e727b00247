import { randomUUID } from "node:crypto";
import { SparkConnectService } from "@duet/spark-connect/wire";
import { replaceFields } from "../grpc/fields.ts";
import { METHODS, type Method } from "../grpc/methods.ts";
import type { EntryMethod, JournalEntry } from "./journal-entry.ts";

/** Where a journal is replayed. */
export interface ReplayTarget {
  /** The session's id on that driver. */
  readonly driverSessionId: string;
  /** What the driver is to be told of the user: an encoded `UserContext`. */
  readonly userContext: Buffer;
}

/** Fields of ExecutePlan that are about one attempt: what was asked of it, and how it can be found. */
const OF_ONE_ATTEMPT = ["request_options", "tags"].map(
  (name) => SparkConnectService.method.executePlan.input.fields.find((field) => field.name === name)?.number,
);

/**
 * The messages that make an entry's change again on another driver: for its session and user, under an operation id of
 * their own, and so that the driver ends them with the call.
 */
export function replayRequests(entry: JournalEntry, target: ReplayTarget): Buffer[] {
  const { request } = methodOf(entry.method);
  const values = new Map<number, Buffer | undefined>([
    [request.sessionId, Buffer.from(target.driverSessionId)],
    [request.userContext, target.userContext],
  ]);
  if (request.observedServerSessionId !== undefined) values.set(request.observedServerSessionId, undefined);
  if (request.operationId !== undefined) values.set(request.operationId, Buffer.from(randomUUID()));
  if (entry.method === "ExecutePlan") {
    for (const field of OF_ONE_ATTEMPT) if (field !== undefined) values.set(field, undefined);
  }
  return entry.messages.map((message) => replaceFields(message, values));
}

function methodOf(name: EntryMethod): Method {
  const method = METHODS.get(`/${SparkConnectService.typeName}/${name}`);
  if (method === undefined) throw new Error(`Spark Connect has no method ${name}`);
  return method;
}
