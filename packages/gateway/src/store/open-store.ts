import { Kysely, SqliteDialect } from "kysely";
import { LocalLocks } from "./local-locks.ts";
import { type StoreSchema, migrate } from "./schema.ts";
import type { SessionStore } from "./session-store.ts";
import { SqlStore, type StoreDatabase } from "./sql-store.ts";
import { IN_MEMORY, openSqlite, sqliteFailure } from "./sqlite-database.ts";

/** Where a gateway keeps its sessions. */
export type StoreOptions =
  /** In the gateway itself: its sessions end with it. */
  | { readonly type: "memory" }
  /** In a file, for one gateway, which may be started anew. */
  | { readonly type: "sqlite"; readonly file: string };

/**
 * Opens a gateway's store, and makes or brings up to date what is there.
 * @throws {GatewayError} `store-unavailable`
 */
export async function openStore(options: StoreOptions): Promise<SessionStore> {
  const file = options.type === "memory" ? IN_MEMORY : options.file;
  await using opened = new AsyncDisposableStack();
  const db = new Kysely<StoreSchema>({ dialect: new SqliteDialect({ database: openSqlite(file) }) });
  const database: StoreDatabase = {
    name: file,
    db,
    locks: new LocalLocks(),
    failure: sqliteFailure,
    patience: 0,
  };
  const store = opened.use(new SqlStore(database));
  await migrate(db);
  opened.move();
  return store;
}
