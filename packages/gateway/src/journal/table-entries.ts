import type { CatalogReach } from "../drivers/health.ts";
import type { TableChange } from "./call-summary.ts";
import { nameOf } from "./statement-reader.ts";
import { createTableSql, describedTable, describesItself } from "./described-table.ts";
import type { DriverQuestion } from "./driver-question.ts";
import type { JournalEntry } from "./journal-entry.ts";
import { joinName, quoteIdentifier, wordsOf } from "./names.ts";
import { sqlRequest } from "./sql-request.ts";
import { valueSql } from "./variable-value.ts";

/** The driver on which a change was made. */
export interface ChangedDriver {
  /** Who else has its default catalogue. */
  readonly catalog: CatalogReach;
  /** Its working folder, to which places of tables may be relative; undefined where it is not known. */
  readonly workingFolder: string | undefined;
  /** Asks it within the session that has made the change. */
  readonly ask: DriverQuestion;
}

/** What is to be recorded of changes. */
export interface ChangeRecord {
  readonly entries: readonly JournalEntry[];
  /** Why the session cannot be moved, where a change cannot be made again. */
  readonly pins: readonly string[];
}

/** The catalogue of a driver that is there without being set up: Spark's and Sail's. */
const DEFAULT_CATALOGS = new Set(["spark_catalog", "sail"]);

/**
 * Makes entries of changes that have succeeded, with what the driver says of them. Tables and other definitions count
 * only where the driver's catalogue is its own.
 * @throws what `ask` throws; the changes are not recorded then.
 */
export async function tableEntries(
  changes: readonly TableChange[],
  driver: ChangedDriver,
): Promise<ChangeRecord> {
  const entries: JournalEntry[] = [];
  const pins: string[] = [];
  const place = currentPlace(driver);
  for (const change of changes) {
    const { entries: made = [], pin } = await changeEntries(change, driver, place);
    entries.push(...made);
    if (pin !== undefined) pins.push(pin);
  }
  return { entries, pins };
}

interface Made {
  readonly entries?: readonly JournalEntry[];
  readonly pin?: string;
}

interface Place {
  readonly catalog: string;
  readonly database: string;
}

/** Asks once where the session is, if it matters. */
function currentPlace({ ask }: ChangedDriver): () => Promise<Place> {
  let asked: Promise<Place> | undefined;
  return () =>
    (asked ??= ask("SELECT current_catalog(), current_database()").then(([row]) => ({
      catalog: row?.[0] ?? "",
      database: row?.[1] ?? "",
    })));
}

async function changeEntries(
  change: TableChange,
  driver: ChangedDriver,
  place: () => Promise<Place>,
): Promise<Made> {
  switch (change.object) {
    case "current":
      return { entries: currentEntries(await place()) };
    case "variable":
      return variableEntries(change.name, change.declared, driver.ask);
    case "temporary view":
      return driver.catalog === "session" ? {} : { entries: [change.entry] };
    case "unknown":
      return driver.catalog === "shared"
        ? {}
        : {
            pin: "it has changed a table whose name only its driver knows, in a catalogue of that driver's own",
          };
    case "definition":
      return driver.catalog === "shared" ? {} : definitionEntries(change.entry, driver, await place());
    case "table":
      if (driver.catalog === "shared") return {};
      return tableChangeEntries(change.name, change.change, driver, await place());
  }
}

function currentEntries({ catalog, database }: Place): readonly JournalEntry[] {
  return [
    entry("catalog", ["catalog:catalog", "catalog:database"], `SET CATALOG ${quoteIdentifier(catalog)}`),
    {
      // The driver quotes the parts of a name where they need it.
      ...entry("catalog", ["catalog:database"], `USE DATABASE ${database}`),
      uses: ["catalog:catalog"],
    },
  ];
}

async function variableEntries(
  name: readonly string[],
  declared: boolean,
  ask: DriverQuestion,
): Promise<Made> {
  const last = name.at(-1) ?? "";
  const variable = quoteIdentifier(last);
  const value = await valueSql(variable, ask);
  if (value === undefined) return { pin: `the value of its variable ${last} cannot be written as a literal` };
  const key = joinName([last]);
  return {
    entries: [
      declared
        ? entry(
            "variable",
            [`variable:${key}`, `value:${key}`],
            `DECLARE OR REPLACE VARIABLE ${variable} DEFAULT ${value}`,
          )
        : {
            ...entry("variable", [`value:${key}`], `SET VARIABLE ${variable} = ${value}`),
            uses: [`variable:${key}`],
          },
    ],
  };
}

/** A database, lasting view or function, under the name that it has from everywhere. */
function definitionEntries(made: JournalEntry, driver: ChangedDriver, place: Place): Made {
  const isOwn = (name: readonly string[]) =>
    DEFAULT_CATALOGS.has(name.length > 2 ? (name[0] ?? "") : place.catalog);
  const defines = made.defines.map((define) => {
    const [, before = "", prefix = "", written = ""] = /^(if-\w+ )?([\w-]+:)(.*)$/su.exec(define) ?? [];
    const name = nameOf(written) ?? [written];
    if (prefix === "database:")
      return { own: isOwn([name.at(-1) ?? ""]), key: `${before}${prefix}${joinName(name.slice(-1))}` };
    return { own: isOwn(name), key: `${before}${prefix}${joinName(inDatabase(name, place).slice(-2))}` };
  });
  if (defines.length > 0 && !defines.some(({ own }) => own)) return {};
  const keys = defines.map(({ key }) => key);
  // A database of the same name may be another session's there, with tables of its own in it.
  const harmless =
    made.removes && driver.catalog === "driver" && keys.some((key) => key.includes("database:"));
  return { entries: [{ ...made, defines: keys, messages: harmless ? [] : made.messages }] };
}

async function tableChangeEntries(
  name: readonly string[],
  change: "made" | "altered" | "removed",
  driver: ChangedDriver,
  place: Place,
): Promise<Made> {
  if (!DEFAULT_CATALOGS.has(name.length > 2 ? (name[0] ?? "") : place.catalog)) return {};
  const full = inDatabase(name, place).slice(-2);
  const written = full.map(quoteIdentifier).join(".");
  const key = `table:${joinName(full)}`;
  const rows = await describe(written, driver.ask);
  if (rows === undefined) {
    if (change !== "removed") return {};
    // A table of the same name may be another session's there, and its data would go with it.
    const messages = driver.catalog === "driver" ? [] : [sqlRequest(`DROP TABLE IF EXISTS ${written}`)];
    return { entries: [{ ...entry("table", [key], ""), removes: true, messages }] };
  }
  // What was removed was a temporary view of the same name.
  if (change === "removed") return {};
  const table = describedTable(rows);
  if (change === "altered") {
    return describesItself(table)
      ? {}
      : { pin: `it has altered the table ${full.join(".")} of its driver's catalogue` };
  }
  const sql = createTableSql(written, table, driver.workingFolder);
  if (sql === undefined) {
    return {
      pin: `its table ${full.join(".")} lies at ${table.location ?? "no place"}, which other drivers do not find`,
    };
  }
  const made = { ...entry("table", [key], sql), uses: wordsOf(full[0] ?? "") };
  if (table.partitionBy.length === 0 || !table.listsPartitions || describesItself(table))
    return { entries: [made] };
  const repaired = entry("table", [`partitions:${joinName(full)}`], `MSCK REPAIR TABLE ${written}`);
  return { entries: [made, { ...repaired, uses: wordsOf(...full) }] };
}

/** The rows of a table's description; undefined where there is no such table. */
async function describe(written: string, ask: DriverQuestion) {
  try {
    return await ask(`DESCRIBE TABLE EXTENDED ${written}`);
  } catch (error) {
    if (error instanceof Error && /not[ _]found|cannot be found|NoSuchTable/iu.test(error.message))
      return undefined;
    throw error;
  }
}

function inDatabase(name: readonly string[], { database }: Place): readonly string[] {
  return name.length === 1 ? [...(nameOf(database) ?? [database]), ...name] : name;
}

function entry(kind: JournalEntry["kind"], defines: readonly string[], sql: string): JournalEntry {
  return { kind, defines, removes: false, uses: [], method: "ExecutePlan", messages: [sqlRequest(sql)] };
}
