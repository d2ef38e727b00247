import type { SetStatement } from "@duet/mlsql";
import { Options } from "../options.ts";
import type { Step, StepResult } from "../step.ts";
import { StepError } from "../step-error.ts";
import { withSparkErrors } from "../spark-errors.ts";

/** `set`: a variable, from its text, from a query's first cell (`type="sql"`), or a Spark setting (`type="conf"`). */
export async function runSet(step: Step, statement: SetStatement): Promise<StepResult> {
  const { run } = step;
  const options = new Options(run, statement.options);
  const type = options.get("type") ?? "text";
  const key = statement.key.value;
  run.blocks.set(key, statement.value.span);
  switch (type) {
    case "text":
      run.variables.set(key, statement.value.value);
      return {};
    case "defaultParam":
      run.variables.setDefault(key, statement.value.value);
      return {};
    case "conf": {
      const { session } = await run.spark();
      const value = run.variables.expand(statement.value.value);
      await withSparkErrors(
        step,
        undefined,
        step.timed("spark", session.conf.set(key, value, { signal: run.signal })),
      );
      return {};
    }
    case "sql": {
      const { session } = await run.spark();
      const query = run.variables.expand(statement.value.value);
      const frame = session.sql(query).limit(1);
      const rows = await withSparkErrors(
        step,
        statement.value,
        step.timed("spark", frame.collect(step.sparkOptions)),
      );
      const first = Object.values(rows[0] ?? {})[0];
      if (first === undefined || first === null) {
        throw StepError.at(
          statement.value.span,
          "no-value",
          `the query for ${key} gives no value in its first row`,
        );
      }
      run.variables.set(key, typeof first === "object" ? JSON.stringify(first) : String(first), {
        literal: true,
      });
      return {};
    }
    default:
      throw StepError.at(
        options.span("type", statement.span),
        type === "shell" ? "shell-disabled" : "invalid-option",
        type === "shell" ? 'set … type="shell" is switched off here' : `set knows no type "${type}"`,
        'use type="text", "sql", "conf" or "defaultParam"',
      );
  }
}
