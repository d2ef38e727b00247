import { closeSync, openSync } from "node:fs";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import type { SqliteDatabase, SqliteStatement } from "kysely";
import { type StoreFailure, storeUnavailable } from "./store-failure.ts";

/** The name that SQLite gives to a database that lives in memory alone. */
export const IN_MEMORY = ":memory:";

/**
 * Opens a database for this process alone, and makes it where there is none, readable by its owner only.
 * What is committed outlives the process; the operating system's own end may take the last moments with it.
 * @throws {GatewayError} `store-unavailable`
 */
export function openSqlite(file: string): SqliteDatabase {
  try {
    if (file !== IN_MEMORY) closeSync(openSync(file, "a", 0o600));
    const database = new DatabaseSync(file);
    try {
      // Exclusive, so that a second gateway with the same file is refused instead of seeing half of the truth.
      database.exec(
        "pragma locking_mode = exclusive; pragma journal_mode = wal; pragma synchronous = normal; begin immediate; commit",
      );
      return new PreparedDatabase(database);
    } catch (error) {
      database.close();
      throw error;
    }
  } catch (error) {
    const failure = sqliteFailure(error);
    if (failure === undefined) throw error;
    throw storeUnavailable(file, failure, error);
  }
}

/** Says why a statement failed, if it was for the machine's sake. */
export function sqliteFailure(error: unknown): StoreFailure | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, errcode } = error as Error & { code?: unknown; errcode?: unknown };
  if (typeof code === "string" && /^E[A-Z]+$/u.test(code)) {
    return {
      reason: `cannot be opened (${error.message})`,
      remedy: "name a file in a folder that the gateway may write to",
      transient: false,
    };
  }
  if (code !== "ERR_SQLITE_ERROR" || typeof errcode !== "number") return undefined;
  // The lower byte is the kind, the rest says more about it.
  const kind = FAILURES.get(errcode & 0xff);
  if (kind === undefined) return undefined;
  return { reason: `${kind.reason} (${error.message})`, remedy: kind.remedy, transient: false };
}

const DISK = "look after its disk and its rights";

const FAILURES = new Map([
  [
    5,
    {
      reason: "is in use by another gateway",
      remedy: "give each gateway a file of its own, or let them share a PostgreSQL",
    },
  ],
  [8, { reason: "cannot be written", remedy: DISK }],
  [10, { reason: "cannot be read or written", remedy: DISK }],
  [11, { reason: "is damaged", remedy: "put a copy in its place, or remove it: its sessions are lost then" }],
  [13, { reason: "has no room", remedy: "free some space on its disk" }],
  [14, { reason: "cannot be opened", remedy: "name a file in a folder that the gateway may write to" }],
  [26, { reason: "is no SQLite database", remedy: "name another file" }],
]);

/** Keeps each statement that was prepared: the store has few texts and asks them often. */
class PreparedDatabase implements SqliteDatabase {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, SqliteStatement>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  prepare(sql: string): SqliteStatement {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const prepared = new PreparedStatement(this.#database.prepare(sql));
    const statement = sql === "rollback" ? this.#rollback(prepared) : prepared;
    // Lists of parameters differ in length: such texts must not pile up.
    if (this.#statements.size >= 200) this.#statements.clear();
    this.#statements.set(sql, statement);
    return statement;
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }

  /** SQLite rolls back by itself on a full disk, and a second rollback would fail and hide why. */
  #rollback(statement: SqliteStatement): SqliteStatement {
    const database = this.#database;
    return {
      reader: false,
      all: (parameters) => statement.all(parameters),
      run: (parameters) =>
        database.isTransaction ? statement.run(parameters) : { changes: 0, lastInsertRowid: 0 },
      iterate: (parameters) => statement.iterate(parameters),
    };
  }
}

class PreparedStatement implements SqliteStatement {
  readonly reader: boolean;
  readonly #statement: StatementSync;

  constructor(statement: StatementSync) {
    this.#statement = statement;
    this.reader = statement.columns().length > 0;
  }

  all(parameters: readonly unknown[]): unknown[] {
    return this.#statement.all(...(parameters as SQLInputValue[]));
  }

  run(parameters: readonly unknown[]): { changes: number | bigint; lastInsertRowid: number | bigint } {
    return this.#statement.run(...(parameters as SQLInputValue[]));
  }

  iterate(parameters: readonly unknown[]): IterableIterator<unknown> {
    return this.#statement.iterate(...(parameters as SQLInputValue[]));
  }
}
