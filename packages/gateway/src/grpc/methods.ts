import type { DescMessage, DescMethod } from "@bufbuild/protobuf";
import { SparkConnectService } from "@duet/spark-connect/wire";

/** Where a request of Spark Connect says whom and what it is for: field numbers. */
export interface RequestFields {
  readonly sessionId: number;
  readonly userContext: number;
  readonly operationId: number | undefined;
  readonly observedServerSessionId: number | undefined;
  /** Only `CloneSession`. */
  readonly newSessionId: number | undefined;
}

/** Where a response says from which session it is: field numbers. */
export interface ResponseFields {
  readonly sessionId: number;
  readonly serverSessionId: number | undefined;
  /** Only `CloneSession`. */
  readonly newSessionId: number | undefined;
  readonly newServerSessionId: number | undefined;
}

/** A method of Spark Connect, as far as the gateway needs to know it. */
export interface Method {
  /** `ExecutePlan` */
  readonly name: string;
  /** `/spark.connect.SparkConnectService/ExecutePlan` */
  readonly path: string;
  readonly request: RequestFields;
  readonly response: ResponseFields;
}

/** The field of `user_context` that names the user. */
export const USER_ID_FIELD = 1;

/** The field of `user_context` that says what the user is called. */
export const USER_NAME_FIELD = 2;

/** The methods of Spark Connect by their path, read from Spark's own descriptors. */
export const METHODS: ReadonlyMap<string, Method> = new Map(
  SparkConnectService.methods.map((method) => describe(method)).map((method) => [method.path, method]),
);

function describe(method: DescMethod): Method {
  const { input, output } = method;
  return {
    name: method.name,
    path: `/${method.parent.typeName}/${method.name}`,
    request: {
      sessionId: required(input, "session_id"),
      userContext: required(input, "user_context"),
      operationId: fieldNumber(input, "operation_id"),
      observedServerSessionId: fieldNumber(input, "client_observed_server_side_session_id"),
      newSessionId: fieldNumber(input, "new_session_id"),
    },
    response: {
      sessionId: required(output, "session_id"),
      serverSessionId: fieldNumber(output, "server_side_session_id"),
      newSessionId: fieldNumber(output, "new_session_id"),
      newServerSessionId: fieldNumber(output, "new_server_side_session_id"),
    },
  };
}

function fieldNumber(message: DescMessage, name: string): number | undefined {
  return message.fields.find((field) => field.name === name)?.number;
}

function required(message: DescMessage, name: string): number {
  const number = fieldNumber(message, name);
  if (number === undefined) throw new Error(`${message.typeName} has no field ${name}`);
  return number;
}
