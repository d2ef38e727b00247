import type { Generated, Insertable, Kysely, Selectable } from "kysely";
import { Migrator } from "kysely/migration";
import { first } from "./migrations/first.ts";

/** A row of `gateway_sessions`. Lists are JSON, times milliseconds since 1970. */
export interface SessionTable {
  user_id: string;
  client_id: string;
  server_id: string;
  pool: string;
  driver_id: string | null;
  life: string | null;
  driver_session_id: string | null;
  epoch: number;
  version: number;
  state: "open" | "closed" | "lost";
  lost_because: string | null;
  pins: Generated<string>;
  last_used: number;
  ended: number | null;
}

/** A row of `gateway_journal_entries`: the head of an entry. */
export interface EntryTable {
  user_id: string;
  client_id: string;
  sequence: number;
  kind: string;
  method: string;
  removes: number;
  defines: string;
  uses: string;
  size: number;
  /** Made for each attempt of a caller, by which it knows its own entry when it asks once more. */
  token: string;
}

/** A row of `gateway_journal_messages`. */
export interface MessageTable {
  user_id: string;
  client_id: string;
  sequence: number;
  position: number;
  message: Uint8Array;
}

/** A row of `gateway_writes`. */
export interface WriteTable {
  user_id: string;
  client_id: string;
  operation_id: string;
  driver_id: string;
  life: string;
  state: "sent" | "succeeded" | "failed" | "unknown";
  settled: number | null;
  /** As in {@link EntryTable}. */
  token: string;
}

/** A row of `gateway_driver_wishes`. */
export interface WishTable {
  driver_id: string;
  /** JSON */
  wish: string;
}

/** The tables of the store, the same in SQLite and in PostgreSQL. */
export interface StoreSchema {
  gateway_sessions: SessionTable;
  gateway_journal_entries: EntryTable;
  gateway_journal_messages: MessageTable;
  gateway_writes: WriteTable;
  gateway_driver_wishes: WishTable;
}

/** The store's database, or a transaction in it. */
export type Database = Kysely<StoreSchema>;

/** A session as it is read. */
export type SessionRow = Selectable<SessionTable>;

/** A session as it is written. */
export type NewSessionRow = Insertable<SessionTable>;

/** Brings a database up to the schema of this version; two gateways that do it at once wait for each other. */
export async function migrate(db: Database): Promise<void> {
  const migrator = new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve({ "2026-11-first": first }) },
    migrationTableName: "gateway_migrations",
    migrationLockTableName: "gateway_migration_lock",
  });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined)
    throw error instanceof Error ? error : new Error("the migration failed", { cause: error });
}
