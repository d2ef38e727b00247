import { describeType } from "@duet/spark-connect";
import { tableIdentifier } from "../catalog/catalog.ts";
import { quoteIdentifier } from "../catalog/session-tables.ts";
import { StepError } from "../step-error.ts";
import { withSparkErrors } from "../spark-errors.ts";
import type { Command } from "./command-function.ts";
import { showRows, textColumns } from "./rows-table.ts";

/** `!desc table;` shows a table's columns. */
export const describeTable: Command = async (step, statement, [table]) => {
  if (table === undefined)
    throw StepError.at(statement.span, "missing-argument", "!desc needs a table", "write `!desc table;`");
  const { session } = await step.run.spark();
  const { database, name } = tableIdentifier(table);
  const identifier = table.includes(".")
    ? `${quoteIdentifier(database)}.${quoteIdentifier(name)}`
    : quoteIdentifier(name);
  const reading = session.table(identifier).schema({ signal: step.run.signal });
  const schema = await withSparkErrors(step, statement.arguments[0], step.timed("spark", reading));
  const rows = schema.fields.map((field) => [
    field.name,
    describeType(field.type),
    field.nullable ? "yes" : "no",
  ]);
  showRows(step, table, textColumns("column", "type", "nullable"), rows);
  return {};
};
