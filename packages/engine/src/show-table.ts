import type { Name } from "@duet/mlsql";
import { cellFromValue, type DataFrame, describeType } from "@duet/spark-connect";
import type { Step } from "./step.ts";
import { withSparkErrors } from "./spark-errors.ts";

/** Emits the first rows of a table. One row more than shown is asked for, to know whether there are more. */
export async function showTable(
  step: Step,
  frame: DataFrame,
  name: string,
  limit: number,
  at?: Name,
): Promise<void> {
  const reading = frame.limit(limit + 1).collectTable(step.sparkOptions);
  const { schema, rows } = await withSparkErrors(step, at, step.timed("spark", reading));
  step.run.emit({
    type: "table",
    step: step.index,
    name,
    columns: schema.fields.map((field) => ({ name: field.name, type: describeType(field.type) })),
    rows: rows
      .slice(0, limit)
      .map((row) => schema.fields.map((field, index) => cellFromValue(row[index] ?? null, field.type))),
    truncated: rows.length > limit,
    ...(rows.length > limit ? {} : { total: rows.length }),
  });
}
