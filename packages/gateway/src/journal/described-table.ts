import { isAbsolute, join } from "node:path";
import { quoteIdentifier, quoteString } from "./names.ts";
import type { TextRow } from "./driver-question.ts";

/** A table as its driver describes it. */
export interface DescribedTable {
  /** `MANAGED`, `EXTERNAL`, `VIEW` */
  readonly type: string;
  /** The data source: `parquet`, `csv`, `delta` … */
  readonly provider: string;
  /** Where its data lies, as the driver says it: Sail's may be relative to its working folder. */
  readonly location: string | undefined;
  readonly columns: readonly {
    readonly name: string;
    readonly type: string;
    readonly comment: string | null;
  }[];
  readonly partitionBy: readonly string[];
  readonly options: ReadonlyMap<string, string>;
  readonly comment: string | undefined;
  /** The catalogue keeps its partitions, which it learns of only when it is told to look. */
  readonly listsPartitions: boolean;
}

/** Reads the answer to `DESCRIBE TABLE EXTENDED`, of Spark or of Sail. */
export function describedTable(rows: readonly TextRow[]): DescribedTable {
  const end = rows.findIndex(([key]) => isHeading(key));
  const columns = (end < 0 ? rows : rows.slice(0, end)).map(([name, type, comment]) => ({
    name: name ?? "",
    type: type ?? "",
    comment: comment ?? null,
  }));
  const rest = end < 0 ? [] : rows.slice(end);
  const partition = rest.findIndex(([key]) => key === "# Partition Information");
  const behind = partition < 0 ? [] : rest.slice(partition + 2);
  const last = behind.findIndex(([key]) => isHeading(key));
  const details = new Map(rest.map(([key, value]) => [key ?? "", value ?? ""]));
  return {
    type: details.get("Type") ?? "",
    provider: details.get("Provider") ?? "parquet",
    location: details.get("Location"),
    columns,
    partitionBy: behind.slice(0, last < 0 ? undefined : last).map(([key]) => key ?? ""),
    options: optionsOf(details),
    comment: details.get("Comment"),
    listsPartitions: details.get("Partition Provider") === "Catalog",
  };
}

/** Formats that keep the schema beside the data, and refuse to be told another one. */
const DESCRIBES_ITSELF = /^(?:delta|iceberg)$/iu;

/** Whether a table's definition is beside its data: changing it is changing the data's log. */
export function describesItself({ provider }: DescribedTable): boolean {
  return DESCRIBES_ITSELF.test(provider);
}

/**
 * The statement that makes a table known where it is not, over the data that is there. Undefined where its place
 * cannot be told to another driver: it is relative, and the driver's working folder is not known.
 */
export function createTableSql(
  name: string,
  table: DescribedTable,
  workingFolder: string | undefined,
): string | undefined {
  const location = absoluteLocation(table.location, workingFolder);
  if (location === undefined) return undefined;
  const columns = table.columns.map(
    (column) =>
      `${quoteIdentifier(column.name)} ${column.type}` +
      (column.comment === null || column.comment === "" ? "" : ` COMMENT ${quoteString(column.comment)}`),
  );
  const options = [...table.options].map(([key, value]) => `${quoteString(key)} = ${quoteString(value)}`);
  const itself = describesItself(table);
  return [
    `CREATE TABLE IF NOT EXISTS ${name}`,
    ...(itself || columns.length === 0 ? [] : [`(${columns.join(", ")})`]),
    `USING ${table.provider}`,
    ...(options.length === 0 ? [] : [`OPTIONS (${options.join(", ")})`]),
    ...(itself || table.partitionBy.length === 0
      ? []
      : [`PARTITIONED BY (${table.partitionBy.map(quoteIdentifier).join(", ")})`]),
    `LOCATION ${quoteString(location)}`,
    ...(table.comment === undefined ? [] : [`COMMENT ${quoteString(table.comment)}`]),
  ].join(" ");
}

function absoluteLocation(location: string | undefined, workingFolder: string | undefined) {
  if (location === undefined || location === "") return undefined;
  if (isAbsolute(location) || /^[a-z][a-z0-9+.-]*:/iu.test(location)) return location;
  return workingFolder === undefined ? undefined : join(workingFolder, location);
}

function isHeading(key: string | null | undefined): boolean {
  return key === undefined || key === null || key === "" || key.startsWith("# ");
}

/** Sail lists options as `[option.header=true]` among the properties, Spark as `[header=true]` apart. */
function optionsOf(details: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const storage = details.get("Storage Properties");
  const text = storage ?? details.get("Table Properties") ?? "";
  const options = new Map<string, string>();
  for (const [, own, key = "", value = ""] of text.matchAll(/[[,]\s*(option\.)?([\w.]+)=([^,\]]*)/gu)) {
    if ((own !== undefined || storage !== undefined) && key !== "serialization.format")
      options.set(key, value);
  }
  return options;
}
