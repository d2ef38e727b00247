import type { DescMessage, DescMethod } from "@bufbuild/protobuf";
import { SparkConnectService } from "@duet/spark-connect/wire";

/** Where a request of Spark Connect says whom and what it is for: field numbers. */
export interface RequestFields {
  readonly sessionId: number;
  readonly userContext: number;
  readonly operationId: number | undefined;
  readonly observedServerSessionId: number | undefined;
  /** Only `ReattachExecute`. */
  readonly lastResponseId: number | undefined;
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
  /** Whether the request, and the answer, may be more than one message. */
  readonly requestStreams: boolean;
  readonly answerStreams: boolean;
  readonly request: RequestFields;
  readonly response: ResponseFields;
}

/** The field of `user_context` that names the user. */
export const USER_ID_FIELD = 1;

/** The field of `user_context` that says what the user is called. */
export const USER_NAME_FIELD = 2;

/** Fields of an ExecutePlan request beside {@link RequestFields}. */
export const EXECUTE_FIELDS = {
  plan: required(SparkConnectService.method.executePlan.input, "plan"),
  tags: required(SparkConnectService.method.executePlan.input, "tags"),
};

/** Fields of a ReleaseExecute request beside {@link RequestFields}. */
export const RELEASE_FIELDS = {
  all: required(SparkConnectService.method.releaseExecute.input, "release_all"),
};

/** Fields of the answers to ExecutePlan and ReattachExecute, and within them, that tell how far the operation is. */
export const RESULT_FIELDS = resultFields();

function resultFields() {
  const { output } = SparkConnectService.method.executePlan;
  const inner = (field: string, name: string) => {
    const message = output.fields.find((candidate) => candidate.name === field)?.message;
    if (message === undefined) throw new Error(`${output.typeName} has no message ${field}`);
    return required(message, name);
  };
  return {
    responseId: required(output, "response_id"),
    resultComplete: required(output, "result_complete"),
    arrowBatch: required(output, "arrow_batch"),
    rowCount: inner("arrow_batch", "row_count"),
    chunkIndex: inner("arrow_batch", "chunk_index"),
    executionProgress: required(output, "execution_progress"),
    stages: inner("execution_progress", "stages"),
  };
}

/** The methods of Spark Connect by their path, read from Spark's own descriptors. */
export const METHODS: ReadonlyMap<string, Method> = new Map(
  SparkConnectService.methods.map((method) => describe(method)).map((method) => [method.path, method]),
);

function describe(method: DescMethod): Method {
  const { input, output } = method;
  return {
    name: method.name,
    path: `/${method.parent.typeName}/${method.name}`,
    requestStreams: method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming",
    answerStreams: method.methodKind === "server_streaming" || method.methodKind === "bidi_streaming",
    request: {
      sessionId: required(input, "session_id"),
      userContext: required(input, "user_context"),
      operationId: fieldNumber(input, "operation_id"),
      observedServerSessionId: fieldNumber(input, "client_observed_server_side_session_id"),
      lastResponseId: fieldNumber(input, "last_response_id"),
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
