import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { LakeError, type Lake } from "../lake/lake.ts";

/** A column of a durable table; `type` is a Spark DDL type. */
export interface CatalogColumn {
  readonly name: string;
  readonly type: string;
}

/** What the catalogue keeps of one table: enough to make it again in any session of any driver. */
export interface CatalogTable {
  readonly database: string;
  readonly name: string;
  /** The data source: `parquet`, `csv`, `delta` … */
  readonly provider: string;
  readonly location: string;
  readonly columns: readonly CatalogColumn[];
  readonly partitionBy: readonly string[];
  /** Options of the data source, e.g. `header` of csv. */
  readonly options: Readonly<Record<string, string>>;
}

/**
 * The durable catalogue of the embedded engines. Their own catalogues live in memory and end with a session or a
 * driver, so the tables are kept here, one JSON file each (`<home>/catalog/<database>/<table>.json`, replaced
 * whole), and are made again in each session that needs them. Names are case-insensitive, as in Spark.
 */
export class Catalog {
  readonly #directory: string;
  readonly #lake: Lake;
  /** Where tables without a location of their own are kept: `<warehouse>/<database>.db/<table>`. */
  readonly warehouse: string;

  constructor(home: string, lake: Lake) {
    this.#directory = join(home, "catalog");
    this.#lake = lake;
    this.warehouse = join(home, "warehouse");
  }

  /** The names of all databases, `default` first. */
  async databases(): Promise<readonly string[]> {
    const names = await directoryNames(this.#directory);
    return ["default", ...names.filter((name) => name !== "default").sort()];
  }

  /** The tables of one database by name. */
  async tables(database: string): Promise<readonly CatalogTable[]> {
    const directory = join(this.#directory, database.toLowerCase());
    const names = (await directoryNames(directory)).filter(
      (name) => name.endsWith(".json") && !name.startsWith("."),
    );
    const tables = await Promise.all(names.sort().map((name) => this.#read(join(directory, name))));
    return tables.filter((table) => table !== undefined);
  }

  /** One table, `undefined` where the catalogue has none of that name. */
  table(database: string, name: string): Promise<CatalogTable | undefined> {
    return this.#read(this.#file(database, name));
  }

  async createDatabase(database: string): Promise<void> {
    await this.#lake.makeDirectory(join(this.#directory, database.toLowerCase()));
  }

  /** Forgets a database and its tables; the files of the tables stay. */
  async dropDatabase(database: string): Promise<void> {
    await this.#lake.remove(join(this.#directory, database.toLowerCase()));
  }

  /** Keeps a table, in place of one of the same name. */
  async put(table: CatalogTable): Promise<void> {
    await this.#lake.writeText(
      this.#file(table.database, table.name),
      `${JSON.stringify(table, undefined, 2)}\n`,
    );
  }

  /** Forgets a table; its files stay. */
  async drop(database: string, name: string): Promise<void> {
    await this.#lake.remove(this.#file(database, name));
  }

  /** The directory of a database's own tables. */
  databaseLocation(database: string): string {
    return database === "default" ? this.warehouse : join(this.warehouse, `${database.toLowerCase()}.db`);
  }

  #file(database: string, name: string): string {
    return join(this.#directory, database.toLowerCase(), `${name.toLowerCase()}.json`);
  }

  async #read(file: string): Promise<CatalogTable | undefined> {
    try {
      return JSON.parse(await this.#lake.readText(file)) as CatalogTable;
    } catch (error) {
      if (error instanceof LakeError && error.code === "not-found") return undefined;
      throw error;
    }
  }
}

/** `db.t` or `t` as database and table; backquotes are removed, a catalogue name before them is dropped. */
export function tableIdentifier(text: string): { readonly database: string; readonly name: string } {
  const parts = (text.match(/`[^`]*`|[^.]+/gu) ?? [text]).map((part) => part.replaceAll("`", "").trim());
  return { database: parts.at(-2) ?? "default", name: parts.at(-1) ?? text };
}

async function directoryNames(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}
