import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/** Sessions, their journals, the ledger of writes, and what is wished of drivers. */
export const first: Migration = { up: createTables };

async function createTables(db: Kysely<never>): Promise<void> {
  const session = (table: string) =>
    db.schema
      .createTable(table)
      .addColumn("user_id", "text", (column) => column.notNull())
      .addColumn("client_id", "text", (column) => column.notNull());
  await session("gateway_sessions")
    .addColumn("server_id", "text", (column) => column.notNull())
    .addColumn("pool", "text", (column) => column.notNull())
    .addColumn("driver_id", "text")
    .addColumn("life", "text")
    .addColumn("driver_session_id", "text")
    .addColumn("epoch", "bigint", (column) => column.notNull())
    .addColumn("version", "bigint", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("lost_because", "text")
    .addColumn("pins", "text", (column) => column.notNull().defaultTo("[]"))
    .addColumn("last_used", "bigint", (column) => column.notNull())
    .addColumn("ended", "bigint")
    .addPrimaryKeyConstraint("gateway_sessions_key", ["user_id", "client_id"])
    .execute();
  await db.schema.createIndex("gateway_sessions_state").on("gateway_sessions").column("state").execute();
  await session("gateway_journal_entries")
    .addColumn("sequence", "bigint", (column) => column.notNull())
    .addColumn("kind", "text", (column) => column.notNull())
    .addColumn("method", "text", (column) => column.notNull())
    .addColumn("removes", "integer", (column) => column.notNull())
    .addColumn("defines", "text", (column) => column.notNull())
    .addColumn("uses", "text", (column) => column.notNull())
    .addColumn("size", "bigint", (column) => column.notNull())
    .addColumn("token", "text", (column) => column.notNull())
    .addPrimaryKeyConstraint("gateway_journal_entries_key", ["user_id", "client_id", "sequence"])
    .execute();
  await session("gateway_journal_messages")
    .addColumn("sequence", "bigint", (column) => column.notNull())
    .addColumn("position", "bigint", (column) => column.notNull())
    .addColumn("message", "bytea", (column) => column.notNull())
    .addPrimaryKeyConstraint("gateway_journal_messages_key", ["user_id", "client_id", "sequence", "position"])
    .execute();
  await session("gateway_writes")
    .addColumn("operation_id", "text", (column) => column.notNull())
    .addColumn("driver_id", "text", (column) => column.notNull())
    .addColumn("life", "text", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("settled", "bigint")
    .addColumn("token", "text", (column) => column.notNull())
    .addPrimaryKeyConstraint("gateway_writes_key", ["user_id", "client_id", "operation_id"])
    .execute();
  await db.schema.createIndex("gateway_writes_settled").on("gateway_writes").column("settled").execute();
  await db.schema
    .createTable("gateway_driver_wishes")
    .addColumn("driver_id", "text", (column) => column.primaryKey())
    .addColumn("wish", "text", (column) => column.notNull())
    .execute();
}
