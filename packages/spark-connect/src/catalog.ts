import type { MessageInitShape } from "@bufbuild/protobuf";
import { DataFrame } from "./data-frame.ts";
import { AnalysisError } from "./errors.ts";
import type { ExecutionOptions } from "./execution.ts";
import type { CatalogSchema } from "./generated/spark/connect/catalog_pb.js";
import { relation } from "./plan.ts";
import type { SessionContext } from "./session-context.ts";
import type { Row, Value } from "./value.ts";

/** A database, which Spark also calls schema or namespace. */
export interface CatalogDatabase {
  readonly name: string;
  readonly catalog: string | undefined;
  readonly description: string | undefined;
  readonly locationUri: string | undefined;
}

/** A table or view. */
export interface CatalogTable {
  readonly name: string;
  readonly catalog: string | undefined;
  /** The database, in parts; empty for temporary views. */
  readonly namespace: readonly string[];
  readonly description: string | undefined;
  /** `MANAGED`, `EXTERNAL`, `VIEW` or `TEMPORARY`. */
  readonly tableType: string;
  readonly isTemporary: boolean;
}

/** A function of the catalogue or of the session. */
export interface CatalogFunction {
  readonly name: string;
  readonly catalog: string | undefined;
  readonly namespace: readonly string[];
  readonly description: string | undefined;
  readonly className: string | undefined;
  readonly isTemporary: boolean;
}

/** A column of a table or view; `dataType` in Spark's words. */
export interface CatalogColumn {
  readonly name: string;
  readonly description: string | undefined;
  readonly dataType: string;
  readonly nullable: boolean;
  readonly isPartition: boolean;
  readonly isBucket: boolean;
}

/** Databases, tables, views and functions that a session sees. */
export class Catalog {
  readonly #context: SessionContext;

  constructor(context: SessionContext) {
    this.#context = context;
  }

  /** The name of the database that names without one belong to. */
  async currentDatabase(options?: ExecutionOptions): Promise<string> {
    const name = await this.#value({ case: "currentDatabase", value: {} }, options);
    return typeof name === "string" ? name : "";
  }

  /** Chooses the database that names without one belong to. */
  async setCurrentDatabase(dbName: string, options?: ExecutionOptions): Promise<void> {
    await this.#rows({ case: "setCurrentDatabase", value: { dbName } }, options);
  }

  /** All databases of the current catalogue. */
  async listDatabases(options?: ExecutionOptions): Promise<readonly CatalogDatabase[]> {
    const rows = await this.#rows({ case: "listDatabases", value: {} }, options);
    return rows.map((row) => ({
      name: text(row, "name") ?? "",
      catalog: text(row, "catalog"),
      description: text(row, "description"),
      locationUri: text(row, "locationUri"),
    }));
  }

  /** Tables and views of a database (the current one by default) and the session's temporary views. */
  async listTables(dbName?: string, options?: ExecutionOptions): Promise<readonly CatalogTable[]> {
    const rows = await this.#rows({ case: "listTables", value: inDatabase(dbName) }, options);
    return rows.map((row) => ({
      // Sail calls the column tableName.
      name: text(row, "name") ?? text(row, "tableName") ?? "",
      catalog: text(row, "catalog"),
      namespace: texts(row, "namespace"),
      description: text(row, "description"),
      tableType: text(row, "tableType") ?? "",
      isTemporary: row.isTemporary === true,
    }));
  }

  /** Columns of a table or view; names with a database are written `db.table`. */
  async listColumns(tableName: string, options?: ExecutionOptions): Promise<readonly CatalogColumn[]> {
    const rows = await this.#rows({ case: "listColumns", value: { tableName } }, options);
    return rows.map((row) => ({
      name: text(row, "name") ?? "",
      description: text(row, "description"),
      dataType: text(row, "dataType") ?? "",
      nullable: row.nullable === true,
      isPartition: row.isPartition === true,
      isBucket: row.isBucket === true,
    }));
  }

  /** Functions of a database (the current one by default), built-in ones included. */
  async listFunctions(dbName?: string, options?: ExecutionOptions): Promise<readonly CatalogFunction[]> {
    const rows = await this.#rows({ case: "listFunctions", value: inDatabase(dbName) }, options);
    return rows.map((row) => ({
      name: text(row, "name") ?? "",
      catalog: text(row, "catalog"),
      namespace: texts(row, "namespace"),
      description: text(row, "description"),
      className: text(row, "className"),
      isTemporary: row.isTemporary === true,
    }));
  }

  /** Whether there is such a database. */
  async databaseExists(dbName: string, options?: ExecutionOptions): Promise<boolean> {
    return (await this.#value({ case: "databaseExists", value: { dbName } }, options)) === true;
  }

  /** Whether there is such a table or view. */
  async tableExists(tableName: string, options?: ExecutionOptions): Promise<boolean> {
    return (await this.#value({ case: "tableExists", value: { tableName } }, options)) === true;
  }

  /** Whether there is such a function. */
  async functionExists(functionName: string, options?: ExecutionOptions): Promise<boolean> {
    return (await this.#value({ case: "functionExists", value: { functionName } }, options)) === true;
  }

  /** Drops a temporary view; false if there is none of that name. */
  dropTempView(viewName: string, options?: ExecutionOptions): Promise<boolean> {
    return this.#drop({ case: "dropTempView", value: { viewName } }, options);
  }

  /** Drops a global temporary view; false if there is none of that name. */
  dropGlobalTempView(viewName: string, options?: ExecutionOptions): Promise<boolean> {
    return this.#drop({ case: "dropGlobalTempView", value: { viewName } }, options);
  }

  /** Forgets what is cached of a table: its files have changed behind Spark's back. */
  async refreshTable(tableName: string, options?: ExecutionOptions): Promise<void> {
    await this.#rows({ case: "refreshTable", value: { tableName } }, options);
  }

  async #rows(catType: CatalogType, options: ExecutionOptions | undefined): Promise<readonly Row[]> {
    return this.#frame(catType).collect(options);
  }

  async #value(catType: CatalogType, options: ExecutionOptions | undefined): Promise<Value> {
    const { rows } = await this.#frame(catType).collectTable(options);
    return rows[0]?.[0] ?? null;
  }

  async #drop(catType: CatalogType, options: ExecutionOptions | undefined): Promise<boolean> {
    try {
      return (await this.#value(catType, options)) === true;
    } catch (error) {
      // Sail throws where Spark answers false.
      if (error instanceof AnalysisError && /^(Global )?Temporary View not found: /i.test(error.rawMessage)) {
        return false;
      }
      throw error;
    }
  }

  #frame(catType: CatalogType): DataFrame {
    return new DataFrame(this.#context, relation({ case: "catalog", value: { catType } }));
  }
}

type CatalogType = NonNullable<MessageInitShape<typeof CatalogSchema>["catType"]>;

function inDatabase(dbName: string | undefined): { dbName?: string } {
  return dbName === undefined ? {} : { dbName };
}

function text(row: Row, column: string): string | undefined {
  const value = row[column];
  return typeof value === "string" ? value : undefined;
}

function texts(row: Row, column: string): readonly string[] {
  const value = row[column];
  return value instanceof Array ? value.filter((item: Value) => typeof item === "string") : [];
}
