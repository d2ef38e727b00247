import type { Span } from "@duet/mlsql";
import type { JsonValue } from "@duet/ray";
import type { Step } from "../step.ts";
import { StepError } from "../step-error.ts";
import { quoteIdentifier } from "../catalog/session-tables.ts";
import { withSparkErrors } from "../spark-errors.ts";

/** A piece of Python as the runner wants it: `firstLine` is the line of `file` in which `source` begins, from 1. */
export type ScriptModule = {
  readonly name: string;
  readonly source: string;
  readonly file: string;
  readonly firstLine: number;
} & Readonly<Record<string, JsonValue>>;

/** The text behind a table: a block of the script with its place in the file, or a column of any table. */
export async function scriptModule(step: Step, table: string, at: Span): Promise<ScriptModule> {
  const { run } = step;
  const script = run.scripts.get(table);
  if (script !== undefined) {
    const place = run.blocks.get(script.variable);
    return {
      name: table,
      source: script.text,
      file: place?.file ?? table,
      firstLine: place?.start.line ?? 1,
    };
  }
  if (!run.tables.has(table)) throw StepError.at(at, "unknown-table", `no table is named ${table}`);
  const { session } = await run.spark();
  const frame = session.table(quoteIdentifier(table)).limit(2);
  const rows = await withSparkErrors(step, undefined, frame.collect(step.sparkOptions));
  const text = Object.values(rows[0] ?? {})[0];
  if (rows.length !== 1 || typeof text !== "string") {
    throw StepError.at(at, "no-script", `the table ${table} holds no script: it needs one row with one text`);
  }
  return { name: table, source: text, file: table, firstLine: 1 };
}
