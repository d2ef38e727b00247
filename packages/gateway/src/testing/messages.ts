import { create, toBinary } from "@bufbuild/protobuf";
import { SparkConnectService } from "@duet/spark-connect/wire";
import { frameMessage } from "../grpc/message-reader.ts";

const { executePlan, config, addArtifacts } = SparkConnectService.method;

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
