import type { SelectStatement } from "@duet/mlsql";
import type { Step, StepResult } from "../step.ts";
import { withSparkErrors } from "../spark-errors.ts";

/** `select … as table`: a view of the session; Spark analyses it now and computes it where it is used. */
export async function runSelect(step: Step, statement: SelectStatement): Promise<StepResult> {
  const { run } = step;
  const { session } = await run.spark();
  const view = session
    .sql(run.variables.expand(statement.sql.value))
    .createOrReplaceTempView(statement.output.value, { signal: run.signal });
  await withSparkErrors(step, statement.sql, step.timed("spark", view));
  return { table: statement.output.value };
}
