import type { LoadStatement } from "@duet/mlsql";
import { join } from "node:path";
import { tableIdentifier } from "../catalog/catalog.ts";
import { quoteIdentifier } from "../catalog/session-tables.ts";
import { Options, resolvePath } from "../options.ts";
import { fileFormats } from "../registry/formats.ts";
import type { Step, StepResult } from "../step.ts";
import { StepError } from "../step-error.ts";
import { withSparkErrors } from "../spark-errors.ts";

/** `load`: a catalogue table, files, a text of the script, a connection's table or any data source as a table. */
export async function runLoad(step: Step, statement: LoadStatement): Promise<StepResult> {
  const { run } = step;
  const output = statement.output.value;
  const format = statement.source.format.value.toLowerCase();
  const options = new Options(run, statement.options);
  const written = run.variables.expand(statement.source.path.value);
  if (format === "script")
    run.scripts.set(output, { variable: written, text: scriptText(step, statement, written) });

  const { session } = await run.spark();
  const reader = session.read.options(options.record());
  const frame = await (async () => {
    switch (format) {
      case "hive": {
        const { database, name } = tableIdentifier(written);
        return session.table(`${quoteIdentifier(database)}.${quoteIdentifier(name)}`);
      }
      case "script":
        return session.createDataFrame([{ content: scriptText(step, statement, written) }], "content string");
      case "jsonstr":
      case "csvstr": {
        const file = join(run.directory, "texts", `${step.index}`);
        await run.lake.writeText(file, scriptText(step, statement, written));
        return reader.format(format === "jsonstr" ? "json" : "csv").load(file);
      }
      case "jdbc": {
        const [connection = "", ...table] = written.split(".");
        const known = run.connections.get(connection);
        if (known === undefined) return reader.format("jdbc").option("dbtable", written).load();
        return session.read
          .format(known.format)
          .options({ ...known.options, ...options.record(), dbtable: table.join(".") })
          .load();
      }
      default: {
        if (!fileFormats.has(format))
          return written === "" ? reader.format(format).load() : reader.format(format).load(written);
        const path = resolvePath(run, statement.source.path);
        await requirePath(step, statement, path);
        return reader.format(format === "binaryfile" ? "binaryFile" : format).load(path);
      }
    }
  })();
  await withSparkErrors(
    step,
    statement.source.path,
    step.timed("spark", frame.createOrReplaceTempView(output, { signal: run.signal })),
  );
  return { table: output };
}

function scriptText(step: Step, statement: LoadStatement, variable: string): string {
  const text = step.run.variables.get(variable);
  if (text === undefined) {
    throw StepError.at(statement.source.path.span, "unknown-variable", `no variable is named ${variable}`);
  }
  return text;
}

async function requirePath(step: Step, statement: LoadStatement, path: string): Promise<void> {
  if (/[*?[{]/u.test(path) || (await step.run.lake.stat(path)) !== undefined) return;
  throw StepError.at(
    statement.source.path.span,
    "path-not-found",
    `there is nothing at ${path}`,
    "check the path; relative ones count from the folder in which the run was started",
  );
}
