import { Kysely, PostgresDialect, SqliteDialect } from "kysely";
import { LocalLocks } from "./local-locks.ts";
import { postgresFailure } from "./postgres-failure.ts";
import { PostgresLocks } from "./postgres-locks.ts";
import { postgresPool } from "./postgres-pool.ts";
import type { StoreSchema } from "./schema.ts";
import type { SessionStore } from "./session-store.ts";
import { SqlStore, type StoreDatabase } from "./sql-store.ts";
import { IN_MEMORY, openSqlite, sqliteFailure } from "./sqlite-database.ts";

/** Where a gateway keeps its sessions. */
export type StoreOptions =
  /** In the gateway itself: its sessions end with it. */
  | { readonly type: "memory" }
  /** In a file, for one gateway, which may be started anew. */
  | { readonly type: "sqlite"; readonly file: string }
  /**
   * In a PostgreSQL that several gateways share (`postgres://user:password@host:port/database`). They hold locks as
   * long as a connection, so there must be no pooler between that shares connections out by transactions.
   */
  | {
      readonly type: "postgres";
      readonly url: string;
      /** Milliseconds for which a database that cannot be reached is tried again; by default 10 s. */
      readonly patience?: number;
    };

const PATIENCE = 10_000;

/**
 * Opens a gateway's store, and makes or brings up to date what is there.
 * @throws {GatewayError} `store-unavailable`
 */
export async function openStore(options: StoreOptions): Promise<SessionStore> {
  await using opened = new AsyncDisposableStack();
  const store = opened.use(
    new SqlStore(options.type === "postgres" ? inPostgres(options) : inSqlite(options)),
  );
  await store.prepare();
  opened.move();
  return store;
}

function inSqlite(options: Exclude<StoreOptions, { type: "postgres" }>): StoreDatabase {
  const file = options.type === "memory" ? IN_MEMORY : options.file;
  return {
    name: file,
    db: new Kysely<StoreSchema>({ dialect: new SqliteDialect({ database: openSqlite(file) }) }),
    locks: new LocalLocks(),
    failure: sqliteFailure,
    patience: 0,
  };
}

function inPostgres({
  url,
  patience = PATIENCE,
}: Extract<StoreOptions, { type: "postgres" }>): StoreDatabase {
  const name = nameOf(url);
  return {
    name,
    db: new Kysely<StoreSchema>({ dialect: new PostgresDialect({ pool: postgresPool(url) }) }),
    locks: new PostgresLocks(url, name, patience),
    failure: postgresFailure,
    patience,
  };
}

/** The address without what is secret in it. */
function nameOf(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}
