import { quoteIdentifier } from "../catalog/session-tables.ts";
import { StepError } from "../step-error.ts";
import { withSparkErrors } from "../spark-errors.ts";
import { showTable } from "../show-table.ts";
import type { Command } from "./command-function.ts";

/** `!assert table ''':column == value''' "message";` fails the run when a row does not hold (`:column` names a column). */
export const assertTable: Command = async (step, statement, [table, condition, message]) => {
  if (table === undefined || condition === undefined) {
    throw StepError.at(
      statement.span,
      "missing-argument",
      "!assert needs a table and a condition",
      "write `!assert table ''':column > 0''' \"message\";`",
    );
  }
  const { session } = await step.run.spark();
  const at = statement.arguments[1];
  const holds = condition.replaceAll(/:([\p{L}_][\p{L}\p{N}_]*)/gu, (_match, column: string) =>
    quoteIdentifier(column),
  );
  const failing = session.sql(
    `select * from ${quoteIdentifier(table)} where not coalesce(cast((${holds}) as boolean), false)`,
  );
  const count = await withSparkErrors(step, at, step.timed("spark", failing.count(step.sparkOptions)));
  if (count === 0) return {};
  await showTable(step, failing, `rows of ${table} that do not hold`, 5);
  const rows = `${count.toLocaleString("en-US")} row${count === 1 ? " does" : "s do"} not hold`;
  throw StepError.at(
    at?.span ?? statement.span,
    "assertion-failed",
    `${message ?? `${table}: ${condition.trim()}`} (${rows})`,
  );
};
