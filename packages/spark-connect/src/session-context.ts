import type { SparkConnectClient } from "./client.ts";
import { executePlan } from "./execution.ts";
import type { ExecutionOptions } from "./execution.ts";
import type { ExecutePlanResponse } from "./generated/spark/connect/base_pb.js";
import type { Relation } from "./generated/spark/connect/relations_pb.js";
import { commandPlan, queryPlan, sqlTextOf } from "./plan.ts";
import type { CommandType } from "./plan.ts";

/** What the parts of a session share. */
export class SessionContext {
  readonly client: SparkConnectClient;
  /** Tags of every operation of the session. */
  readonly tags = new Set<string>();

  constructor(client: SparkConnectClient) {
    this.client = client;
  }

  /** Computes a relation; see {@link executePlan}. */
  query(root: Relation, options?: ExecutionOptions): AsyncGenerator<ExecutePlanResponse, void, undefined> {
    const sql = sqlTextOf(root);
    const execution = { plan: queryPlan(root), tags: [...this.tags], ...(sql !== undefined && { sql }) };
    return executePlan(this.client, execution, options);
  }

  /** Runs a command to its end. A SQL command answers with a relation that holds or computes its result. */
  async command(
    command: CommandType,
    options?: ExecutionOptions,
    sql?: string,
  ): Promise<Relation | undefined> {
    const execution = { plan: commandPlan(command), tags: [...this.tags], ...(sql !== undefined && { sql }) };
    let result: Relation | undefined;
    for await (const { responseType } of executePlan(this.client, execution, options)) {
      if (responseType.case === "sqlCommandResult") {
        result = responseType.value.relation;
      }
    }
    return result;
  }
}
