import { randomUUID } from "node:crypto";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { SparkConnectService } from "@duet/spark-connect/wire";
import { replaceFields } from "../grpc/fields.ts";
import type { DriverConnection } from "../proxy/driver-connection.ts";
import { rawCall } from "../proxy/raw-call.ts";

const { executePlan } = SparkConnectService.method;

const PATH = `/${SparkConnectService.typeName}/${executePlan.name}`;

/** `user_context` of `ExecutePlanRequest`. */
const USER_CONTEXT = executePlan.input.fields.find(({ name }) => name === "user_context")?.number ?? 0;

/** Cells of a row; what is no string is null. */
export type TextRow = readonly (string | null)[];

/** Asks a driver something in SQL, within a session. */
export type DriverQuestion = (sql: string) => Promise<readonly TextRow[]>;

/**
 * Asks questions of small answers within a session as it lives on a driver.
 * @throws {DriverStatusError} the driver's own error
 * @throws {GatewayError} `driver-unreachable`, `driver-lost`
 */
export function driverQuestion(
  connection: DriverConnection,
  session: { readonly driverSessionId: string; readonly userContext: Buffer },
  signal: AbortSignal,
): DriverQuestion {
  return async (query) => {
    const request = create(executePlan.input, {
      sessionId: session.driverSessionId,
      operationId: randomUUID(),
      plan: { opType: { case: "root", value: { relType: { case: "sql", value: { query } } } } },
    });
    const message = Buffer.from(toBinary(executePlan.input, request));
    const answer: Buffer[] = [];
    const values = new Map([[USER_CONTEXT, session.userContext]]);
    await rawCall(connection, PATH, [replaceFields(message, values)], signal, (part) => answer.push(part));
    return rowsOf(answer);
  };
}

async function rowsOf(answer: readonly Buffer[]): Promise<readonly TextRow[]> {
  // Arrow is loaded when a gateway needs it, which most never do.
  const { readArrowRows } = await import("@duet/spark-connect");
  return answer.flatMap((message) => {
    const { responseType } = fromBinary(executePlan.output, message);
    if (responseType.case !== "arrowBatch") return [];
    return [...readArrowRows(responseType.value.data)].map((row) =>
      row.map((value) => (typeof value === "string" ? value : null)),
    );
  });
}
