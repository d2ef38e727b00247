import { create, toBinary } from "@bufbuild/protobuf";
import { SparkConnectService } from "@duet/spark-connect/wire";

const { executePlan } = SparkConnectService.method;

/** An `ExecutePlanRequest` that runs a SQL command; whose session it is for is set when it is sent. */
export function sqlRequest(query: string): Buffer {
  const input = { relType: { case: "sql" as const, value: { query } } };
  const command = { commandType: { case: "sqlCommand" as const, value: { sql: query, input } } };
  const plan = { opType: { case: "command" as const, value: command } };
  return Buffer.from(toBinary(executePlan.input, create(executePlan.input, { plan })));
}
