import type { Database } from "./schema.ts";
import { keyColumns } from "./session-table.ts";
import type { LedgerEntry, SessionKey } from "./session-store.ts";

/**
 * Notes that a write is about to be sent; gives the earlier entry when there is one.
 * @param token the same when it is tried again, so that its own entry is no earlier one.
 */
export async function beginWrite(
  db: Database,
  entry: LedgerEntry,
  token: string,
): Promise<LedgerEntry | undefined> {
  for (;;) {
    const added = await db
      .insertInto("gateway_writes")
      .values({
        ...keyColumns(entry),
        operation_id: entry.operationId,
        driver_id: entry.driverId,
        life: entry.life,
        state: entry.state,
        settled: entry.state === "sent" ? null : Date.now(),
        token,
      })
      .onConflict((conflict) => conflict.doNothing())
      .returning("operation_id")
      .executeTakeFirst();
    if (added !== undefined) return undefined;
    const row = await db
      .selectFrom("gateway_writes")
      .selectAll()
      .where("user_id", "=", entry.userId)
      .where("client_id", "=", entry.clientId)
      .where("operation_id", "=", entry.operationId)
      .executeTakeFirst();
    if (row?.token === token) return undefined;
    if (row !== undefined) {
      return {
        userId: row.user_id,
        clientId: row.client_id,
        operationId: row.operation_id,
        driverId: row.driver_id,
        life: row.life,
        state: row.state,
      };
    }
  }
}

/** Notes how a write ended. */
export async function endWrite(
  db: Database,
  key: SessionKey,
  operationId: string,
  state: "succeeded" | "failed" | "unknown",
): Promise<void> {
  await db
    .updateTable("gateway_writes")
    .set({ state, settled: Date.now() })
    .where("user_id", "=", key.userId)
    .where("client_id", "=", key.clientId)
    .where("operation_id", "=", operationId)
    .execute();
}

/** Removes the writes whose outcome was known before a time. */
export async function forgetWrites(db: Database, before: number): Promise<void> {
  await db.deleteFrom("gateway_writes").where("settled", "<", before).execute();
}
