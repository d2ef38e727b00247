import type { SparkSession } from "@duet/spark-connect";
import { type Catalog, type CatalogTable, tableIdentifier } from "./catalog.ts";
import { quoteIdentifier } from "./session-tables.ts";

const IDENTIFIER = "((?:`[^`]+`|[\\p{L}\\p{N}_]+)(?:\\s*\\.\\s*(?:`[^`]+`|[\\p{L}\\p{N}_]+))*)";
const STATEMENT = new RegExp(
  `^\\s*(create|drop|alter|insert)\\s+(?:or\\s+replace\\s+)?(?:external\\s+)?(?:(table|database|schema|into|overwrite)\\s+)` +
    `(?:table\\s+)?(?:if\\s+(?:not\\s+)?exists\\s+)?${IDENTIFIER}`,
  "iu",
);

/** What a SQL command does to the catalogue, read from its head. */
export interface CatalogChange {
  readonly action: "create" | "drop";
  readonly object: "table" | "database";
  readonly name: string;
}

/** The change to the catalogue that a command makes, `undefined` where it makes none. */
export function catalogChange(sql: string): CatalogChange | undefined {
  const match = STATEMENT.exec(sql.replaceAll(/--[^\n]*|\/\*[\s\S]*?\*\//gu, " "));
  const [, verb = "", object = "", name = ""] = match ?? [];
  if (match === null || verb.toLowerCase() === "insert") return undefined;
  return {
    action: verb.toLowerCase() === "drop" ? "drop" : "create",
    object: /^(?:database|schema)$/iu.test(object) ? "database" : "table",
    name,
  };
}

/** Keeps in the durable catalogue what a command that has just succeeded did in a session's own. */
export async function recordChange(
  catalog: Catalog,
  session: SparkSession,
  change: CatalogChange,
  signal: AbortSignal,
): Promise<CatalogTable | undefined> {
  if (change.object === "database") {
    const { name } = tableIdentifier(change.name);
    await (change.action === "create" ? catalog.createDatabase(name) : catalog.dropDatabase(name));
    return undefined;
  }
  const { database, name } = tableIdentifier(change.name);
  if (change.action === "drop") {
    const table = await catalog.table(database, name);
    await catalog.drop(database, name);
    return table;
  }
  const table = await describeTable(session, database, name, signal);
  if (table !== undefined) await catalog.put(table);
  return undefined;
}

/** Reads a table of the session's catalogue as the durable catalogue keeps it; `undefined` for a view. */
export async function describeTable(
  session: SparkSession,
  database: string,
  name: string,
  signal: AbortSignal,
): Promise<CatalogTable | undefined> {
  const sql = `describe table extended ${quoteIdentifier(database)}.${quoteIdentifier(name)}`;
  const { rows } = await session.sql(sql).collectTable({ signal });
  const text = (value: unknown): string => (typeof value === "string" ? value : "");
  const cells = rows.map(([key, value]) => [text(key), text(value)] as const);
  const end = cells.findIndex(([key]) => key === "" || key.startsWith("#"));
  const columns = cells.slice(0, end).map(([column, type]) => ({ name: column, type }));
  const partition = cells.findIndex(([key]) => key === "# Partition Information");
  const partitionBy: string[] = [];
  for (const [key] of partition < 0 ? [] : cells.slice(partition + 2)) {
    if (key === "" || key.startsWith("#")) break;
    partitionBy.push(key);
  }
  const details = new Map(cells.slice(end));
  const location = details.get("Location");
  if (location === undefined || details.get("Type") === "VIEW") return undefined;
  return {
    database,
    name,
    provider: details.get("Provider") ?? "parquet",
    location: location.replace(/^file:(?:\/\/)?/u, ""),
    columns,
    partitionBy,
    options: optionsOf(details),
  };
}

/** Sail lists options as `[option.header=true]` among the properties, Spark as `[header=true]` apart. */
function optionsOf(details: ReadonlyMap<string, string>): Readonly<Record<string, string>> {
  const text = `${details.get("Storage Properties") ?? ""}${details.get("Table Properties") ?? ""}`;
  const options: Record<string, string> = {};
  for (const [, own, key = "", value = ""] of text.matchAll(/[[,]\s*(option\.)?([\w.]+)=([^,\]]*)/gu)) {
    if (own !== undefined || details.has("Storage Properties")) options[key] = value;
  }
  delete options["serialization.format"];
  return options;
}
