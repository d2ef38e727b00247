import { join } from "node:path";
import type { SaveStatement } from "@duet/mlsql";
import { type DataFrame, describeType } from "@duet/spark-connect";
import { tableIdentifier } from "../catalog/catalog.ts";
import { createDatabaseSql, createTableSql, quoteIdentifier } from "../catalog/session-tables.ts";
import { appendFiles, replaceDirectory } from "../lake/place-files.ts";
import { removeUntilGone } from "../lake/remove-until-gone.ts";
import { Options, resolvePath } from "../options.ts";
import { fileFormats, transactionalFormats } from "../registry/formats.ts";
import { showTable } from "../show-table.ts";
import type { Step, StepResult } from "../step.ts";
import { StepError } from "../step-error.ts";
import { withSparkErrors } from "../spark-errors.ts";

/** `save`: a table as files, as a table of the catalogue, into any data source, or onto the screen (`console`). */
export async function runSave(step: Step, statement: SaveStatement): Promise<StepResult> {
  const { run } = step;
  const { session, address } = await run.spark();
  const format = statement.source.format.value.toLowerCase();
  const options = new Options(run, statement.options);
  const frame = session.table(quoteIdentifier(statement.input.value));
  if (format === "console") {
    await showTable(step, frame, statement.input.value, options.integer("numRows", 1) ?? 20, statement.input);
  } else if (format === "hive" && address.catalog !== "driver") {
    await saveTable(step, statement, frame, options);
  } else if (format === "hive") {
    const writer = frame.write.mode(statement.mode.toLowerCase() as "append").options(options.record());
    const partitioned = writer.partitionBy(...statement.partitionBy.map((column) => column.value));
    const name = run.variables.expand(statement.source.path.value);
    await withSparkErrors(
      step,
      statement.input,
      step.timed("spark", partitioned.saveAsTable(name, step.sparkOptions)),
    );
  } else if (fileFormats.has(format) && !transactionalFormats.has(format)) {
    const path = resolvePath(run, statement.source.path);
    await saveFiles(step, statement, { frame, format, options: options.record(), path });
  } else {
    const writer = frame.write
      .format(format)
      .mode(statement.mode.toLowerCase() as "append")
      .options(options.record());
    const target = fileFormats.has(format)
      ? resolvePath(run, statement.source.path)
      : run.variables.expand(statement.source.path.value);
    await withSparkErrors(step, statement.input, step.timed("spark", writer.save(target, step.sparkOptions)));
  }
  return {};
}

interface FileSave {
  readonly frame: DataFrame;
  readonly format: string;
  readonly options: Readonly<Record<string, string>>;
  readonly path: string;
}

/**
 * Spark writes beside the target and the finished files are then put in place: a save that fails leaves what was
 * there, and a table may be saved over the files that it is read from.
 */
async function saveFiles(step: Step, statement: SaveStatement, save: FileSave): Promise<boolean> {
  const { run } = step;
  const existing = await run.lake.stat(save.path);
  if (existing !== undefined && statement.mode === "ignore") return false;
  if (existing !== undefined && statement.mode === "errorIfExists") {
    throw StepError.at(
      statement.source.path.span,
      "path-exists",
      `there is something at ${save.path} already`,
      "write `save overwrite`, `save append` or `save ignore`",
    );
  }
  const staging = join(save.path, "..", `.duet-save-${run.id}-${step.index}`);
  try {
    const writer = save.frame.write.format(save.format).mode("overwrite").options(save.options);
    const partitioned =
      statement.partitionBy.length === 0
        ? writer
        : writer.partitionBy(...statement.partitionBy.map((column) => column.value));
    await withSparkErrors(
      step,
      statement.input,
      step.timed("spark", partitioned.save(staging, step.sparkOptions)),
    );
    if (statement.mode === "append" && existing !== undefined)
      await appendFiles(run.lake, staging, save.path);
    else await replaceDirectory(run.lake, staging, save.path);
    await run.lake.remove(staging);
    return true;
  } catch (error) {
    await removeUntilGone(run.lake, staging);
    throw error;
  }
}

/** A durable table: its files in the warehouse, its description in the catalogue, both known to this session at once. */
async function saveTable(
  step: Step,
  statement: SaveStatement,
  frame: DataFrame,
  options: Options,
): Promise<void> {
  const { run } = step;
  const { session } = await run.spark();
  const { database, name } = tableIdentifier(run.variables.expand(statement.source.path.value));
  const known = await run.catalog.table(database, name);
  if (known !== undefined && statement.mode === "errorIfExists") {
    throw StepError.at(
      statement.source.path.span,
      "table-exists",
      `the table ${database}.${name} exists already`,
      "write `save overwrite`, `save append` or `save ignore`",
    );
  }
  const provider = known?.provider ?? options.get("fileFormat") ?? "parquet";
  const location = known?.location ?? join(run.catalog.databaseLocation(database), name.toLowerCase());
  const written = await saveFiles(step, statement, {
    frame,
    format: provider,
    options: options.record(["fileFormat"]),
    path: location,
  });
  if (!written) return;
  const partitionBy = statement.partitionBy.map((column) => column.value);
  const columns = await withSparkErrors(step, statement.input, frame.schema({ signal: run.signal }));
  const described = columns.fields.map((field) => ({ name: field.name, type: describeType(field.type) }));
  const table =
    statement.mode === "append" && known !== undefined
      ? known
      : {
          database,
          name,
          provider,
          location,
          columns: described,
          partitionBy,
          options: options.record(["fileFormat"]),
        };
  await run.catalog.createDatabase(database);
  await run.catalog.put(table);
  const again = [
    ...(database === "default" ? [] : [createDatabaseSql(database, run.catalog.databaseLocation(database))]),
    `drop table if exists ${quoteIdentifier(database)}.${quoteIdentifier(name)}`,
    createTableSql(table),
  ];
  for (const sql of again)
    await withSparkErrors(step, statement.source.path, session.execute(sql, { signal: run.signal }));
}
