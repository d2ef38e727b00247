import type { SqlStatement } from "@duet/mlsql";
import { tableIdentifier } from "../catalog/catalog.ts";
import { catalogChange, recordChange } from "../catalog/record-changes.ts";
import { createDatabaseSql } from "../catalog/session-tables.ts";
import type { Step, StepResult } from "../step.ts";
import { withSparkErrors } from "../spark-errors.ts";

/** `create`, `insert`, `drop`, `refresh` …: sent to Spark SQL; what they change in the catalogue lasts. */
export async function runSql(step: Step, statement: SqlStatement): Promise<StepResult> {
  const { run } = step;
  const { session, address } = await run.spark();
  // Sail reads a table's files anew for each query and has no REFRESH.
  if (statement.verb === "refresh" && address.kind === "sail") return {};
  const sql = run.variables.expand(statement.sql.value);
  const change = catalogChange(sql);
  const durable = change !== undefined && address.catalog !== "driver";
  const placed =
    durable && change.action === "create" && change.object === "database" && !/\blocation\b/iu.test(sql)
      ? createDatabaseSql(
          change.name.replaceAll("`", ""),
          run.catalog.databaseLocation(tableIdentifier(change.name).name),
        )
      : sql;
  await withSparkErrors(step, statement.sql, step.timed("spark", session.execute(placed, step.sparkOptions)));
  if (durable) {
    const dropped = await recordChange(run.catalog, session, change, run.signal);
    // Sail's DROP TABLE leaves the files of the warehouse; a table outside of it keeps its files, as in Spark.
    if (dropped?.location.startsWith(`${run.catalog.warehouse}/`) === true)
      await run.lake.remove(dropped.location);
  }
  return {};
}
