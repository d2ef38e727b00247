import { StepError } from "../step-error.ts";
import type { Command } from "./command-function.ts";
import { showRows, textColumns } from "./rows-table.ts";

/** `!show tables;` lists the run's own tables and the catalogue's; `!show tables from db;` those of a database. */
export const show: Command = async (step, statement, [what, from, database]) => {
  if (
    what !== "tables" ||
    (from !== undefined && (from.toLowerCase() !== "from" || database === undefined))
  ) {
    throw StepError.at(
      statement.span,
      "unknown-command",
      `!show does not know ${[what, from].filter(Boolean).join(" ")}`,
      "write `!show tables;` or `!show tables from db;`",
    );
  }
  const { run } = step;
  const { session, address } = await run.spark();
  const rows: [string, string, string][] = [];
  if (database === undefined) for (const table of run.tables) rows.push(["", table, "of this run"]);
  if (address.catalog === "driver") {
    const tables = await step.timed("spark", session.catalog.listTables(database, { signal: run.signal }));
    for (const table of tables)
      if (!table.isTemporary)
        rows.push([table.namespace.at(-1) ?? "", table.name, table.tableType.toLowerCase()]);
  } else {
    for (const name of database === undefined ? await run.catalog.databases() : [database]) {
      for (const table of await run.catalog.tables(name))
        rows.push([table.database, table.name, table.provider]);
    }
  }
  showRows(
    step,
    database === undefined ? "tables" : `tables of ${database}`,
    textColumns("database", "table", "kind"),
    rows,
  );
  return {};
};
