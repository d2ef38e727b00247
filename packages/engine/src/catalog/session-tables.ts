import type { SparkSession } from "@duet/spark-connect";
import type { SparkKind } from "../engine-provider.ts";
import type { Catalog, CatalogTable } from "./catalog.ts";

/**
 * Makes the durable tables that a script may use known to a session. A table counts as used when its name occurs
 * anywhere in the text: too many do no harm, and a catalogue of thousands of tables costs a run nothing.
 */
export async function createTablesOfScript(
  catalog: Catalog,
  session: SparkSession,
  kind: SparkKind,
  texts: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  if (kind === "sail") {
    // Sail's default database has no place of its own; a session's catalogue is empty, so it can be made anew.
    await session.execute("drop database if exists default cascade", { signal });
    await session.execute(createDatabaseSql("default", catalog.databaseLocation("default")), { signal });
  }
  const words = new Set(texts.flatMap((text) => text.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? []));
  for (const database of await catalog.databases()) {
    if (database !== "default") {
      await session.execute(createDatabaseSql(database, catalog.databaseLocation(database)), { signal });
    }
    for (const table of await catalog.tables(database)) {
      if (words.has(table.name.toLowerCase())) await session.execute(createTableSql(table), { signal });
    }
  }
}

/** The statement that makes a database at its place. */
export function createDatabaseSql(database: string, location: string): string {
  return `create database if not exists ${quoteIdentifier(database)} location ${quoteString(location)}`;
}

/** The statement that makes a durable table known to a session; its files stay as they are. */
export function createTableSql(table: CatalogTable): string {
  const columns = table.columns.map((column) => `${quoteIdentifier(column.name)} ${column.type}`).join(", ");
  const options = Object.entries(table.options).map(
    ([key, value]) => `${quoteString(key)} = ${quoteString(value)}`,
  );
  return [
    `create table if not exists ${quoteIdentifier(table.database)}.${quoteIdentifier(table.name)}`,
    // Delta and Iceberg keep their schema beside the data and refuse a second one.
    columns === "" || table.provider === "delta" || table.provider === "iceberg" ? "" : `(${columns})`,
    `using ${table.provider}`,
    options.length === 0 ? "" : `options (${options.join(", ")})`,
    table.partitionBy.length === 0
      ? ""
      : `partitioned by (${table.partitionBy.map(quoteIdentifier).join(", ")})`,
    `location ${quoteString(table.location)}`,
  ]
    .filter((part) => part !== "")
    .join(" ");
}

/** A name as Spark SQL reads it whatever it holds. */
export function quoteIdentifier(name: string): string {
  return `\`${name.replaceAll("`", "``")}\``;
}

/** A text as a Spark SQL string literal. */
export function quoteString(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
