import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { InterruptRequest_InterruptType, SparkConnectService } from "@duet/spark-connect/wire";
import { frameMessage } from "../grpc/message-reader.ts";

const { executePlan, reattachExecute, releaseExecute, interrupt, config, addArtifacts } =
  SparkConnectService.method;

/** A session id as clients make them. */
export const SESSION = "7f3c1e0a-94b1-4c7e-9a52-2d6f0b1e8c33";

/** An ExecutePlan for a SQL text, framed. */
export function executeSql(query: string, sessionId = SESSION, userId = "ada"): Buffer {
  return frameMessage(
    Buffer.from(
      toBinary(
        executePlan.input,
        create(executePlan.input, {
          sessionId,
          userContext: { userId },
          plan: { opType: { case: "root", value: { relType: { case: "sql", value: { query } } } } },
        }),
      ),
    ),
  );
}

/** What an operation is to be. */
export interface OperationWish {
  readonly query: string;
  readonly operationId?: string;
  readonly reattachable?: boolean;
  readonly tags?: readonly string[];
  /** The server-side session that the client has seen. */
  readonly observed?: string;
}

/** An ExecutePlan for a SQL text as a command, as PySpark sends statements, or as a query; framed. */
export function executeOperation({
  query,
  operationId,
  reattachable = false,
  tags = [],
  observed,
}: OperationWish): Buffer {
  const isQuery = query.startsWith("select");
  const sql = { relType: { case: "sql" as const, value: { query } } };
  const opType = isQuery
    ? { case: "root" as const, value: sql }
    : {
        case: "command" as const,
        value: { commandType: { case: "sqlCommand" as const, value: { input: sql } } },
      };
  const requestOption = { case: "reattachOptions" as const, value: { reattachable } };
  const message = create(executePlan.input, {
    sessionId: SESSION,
    userContext: { userId: "ada" },
    ...(operationId !== undefined && { operationId }),
    ...(observed !== undefined && { clientObservedServerSideSessionId: observed }),
    plan: { opType },
    requestOptions: [{ requestOption }],
    tags: [...tags],
  });
  return frameMessage(Buffer.from(toBinary(executePlan.input, message)));
}

/** A ReattachExecute, framed. */
export function reattach(operationId: string, lastResponseId?: string): Buffer {
  const message = create(reattachExecute.input, {
    sessionId: SESSION,
    userContext: { userId: "ada" },
    operationId,
    ...(lastResponseId !== undefined && { lastResponseId }),
  });
  return frameMessage(Buffer.from(toBinary(reattachExecute.input, message)));
}

/** A ReleaseExecute of everything, framed. */
export function releaseAll(operationId: string): Buffer {
  return release(operationId, { case: "releaseAll", value: {} });
}

/** A ReleaseExecute of what came up to a response, framed. */
export function releaseUntil(operationId: string, responseId: string): Buffer {
  return release(operationId, { case: "releaseUntil", value: { responseId } });
}

function release(
  operationId: string,
  what: NonNullable<MessageInitShape<typeof releaseExecute.input>["release"]>,
): Buffer {
  const head = { sessionId: SESSION, userContext: { userId: "ada" } };
  const message = create(releaseExecute.input, { ...head, operationId, release: what });
  return frameMessage(Buffer.from(toBinary(releaseExecute.input, message)));
}

/** An Interrupt of one operation, framed. */
export function interruptOf(operationId: string): Buffer {
  const message = create(interrupt.input, {
    sessionId: SESSION,
    userContext: { userId: "ada" },
    interruptType: InterruptRequest_InterruptType.OPERATION_ID,
    interrupt: { case: "operationId", value: operationId },
  });
  return frameMessage(Buffer.from(toBinary(interrupt.input, message)));
}

/** One response of an operation: rows, the result's end, or neither; framed. */
export function operationResponse(
  responseId: string,
  { rows = 0, complete = false, data = "" }: { rows?: number; complete?: boolean; data?: string } = {},
): Buffer {
  const end = { case: "resultComplete" as const, value: {} };
  const batch = { case: "arrowBatch" as const, value: { rowCount: BigInt(rows), data: Buffer.from(data) } };
  const message = create(executePlan.output, {
    sessionId: "dddddddd-dddd-8ddd-8ddd-dddddddddddd",
    serverSideSessionId: "5eae5e5e-0000-4000-8000-000000000001",
    responseId,
    responseType: complete ? end : batch,
  });
  return frameMessage(Buffer.from(toBinary(executePlan.output, message)));
}

/** A result batch as a driver sends it, framed. */
export function resultBatch(data: Buffer, sessionId: string, serverSideSessionId: string): Buffer {
  return frameMessage(
    Buffer.from(
      toBinary(
        executePlan.output,
        create(executePlan.output, {
          sessionId,
          serverSideSessionId,
          responseType: { case: "arrowBatch", value: { data, rowCount: 1n } },
        }),
      ),
    ),
  );
}

/** A Config call that asks for one value, framed. */
export function configGet(key: string, sessionId = SESSION): Buffer {
  return frameMessage(
    Buffer.from(
      toBinary(
        config.input,
        create(config.input, {
          sessionId,
          userContext: { userId: "ada" },
          operation: { opType: { case: "get", value: { keys: [key] } } },
        }),
      ),
    ),
  );
}

/** One message of an AddArtifacts call, framed. */
export function artifactChunk(name: string, data: Buffer, sessionId = SESSION): Buffer {
  return frameMessage(
    Buffer.from(
      toBinary(
        addArtifacts.input,
        create(addArtifacts.input, {
          sessionId,
          userContext: { userId: "ada" },
          payload: { case: "batch", value: { artifacts: [{ name, data: { data } }] } },
        }),
      ),
    ),
  );
}
