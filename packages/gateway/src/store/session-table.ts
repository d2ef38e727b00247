import { sql } from "kysely";
import type { Database, NewSessionRow, SessionRow } from "./schema.ts";
import type { SessionKey, StoredPlace, StoredSession } from "./session-store.ts";

/** Keys in one statement: SQLite takes 32,766 parameters. */
const KEYS = 1_000;

/** The columns that name a session, to be found or written. */
export function keyColumns({ userId, clientId }: SessionKey): { user_id: string; client_id: string } {
  return { user_id: userId, client_id: clientId };
}

/** Reads a session. */
export async function findSession(db: Database, key: SessionKey): Promise<StoredSession | undefined> {
  const row = await db
    .selectFrom("gateway_sessions")
    .selectAll()
    .where("user_id", "=", key.userId)
    .where("client_id", "=", key.clientId)
    .executeTakeFirst();
  return row === undefined ? undefined : fromRow(row);
}

/** Adds a session unless there is one, and gives the one that is there then. */
export async function addSession(db: Database, session: StoredSession): Promise<StoredSession> {
  for (;;) {
    const added = await db
      .insertInto("gateway_sessions")
      .values(toRow(session))
      .onConflict((conflict) => conflict.doNothing())
      .returning("user_id")
      .executeTakeFirst();
    if (added !== undefined) return session;
    const found = await findSession(db, session);
    if (found !== undefined) return found;
  }
}

/** Puts an open session of this version into another place; tells whether it is there. */
export async function moveSession(
  db: Database,
  key: SessionKey,
  version: number,
  place: StoredPlace,
): Promise<boolean> {
  const moved = await db
    .updateTable("gateway_sessions")
    .set((row) => ({ ...placeColumns(place), epoch: row("epoch", "+", 1), version: row("version", "+", 1) }))
    .where("user_id", "=", key.userId)
    .where("client_id", "=", key.clientId)
    .where("state", "=", "open")
    .where("version", "=", version)
    .returning("epoch")
    .executeTakeFirst();
  if (moved !== undefined) return true;
  // The change was made when only its confirmation was lost. The id that a driver sees is made for one place alone.
  const found = await findSession(db, key);
  return found?.version === version + 1 && found.place?.driverSessionId === place.driverSessionId;
}

/** Ends a session, and removes its journal. */
export async function endSession(
  db: Database,
  key: SessionKey,
  state: "closed" | "lost",
  reason: string | undefined,
): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    await transaction
      .updateTable("gateway_sessions")
      .set({ state, lost_because: reason ?? null, ended: Date.now() })
      .where("user_id", "=", key.userId)
      .where("client_id", "=", key.clientId)
      .where("state", "=", "open")
      .execute();
    for (const table of ["gateway_journal_messages", "gateway_journal_entries"] as const) {
      await transaction
        .deleteFrom(table)
        .where("user_id", "=", key.userId)
        .where("client_id", "=", key.clientId)
        .execute();
    }
  });
}

/** Changes the reasons why a session cannot be moved. */
export async function changePins(
  db: Database,
  key: SessionKey,
  change: (pins: readonly string[]) => readonly string[],
): Promise<void> {
  for (;;) {
    const found = await findSession(db, key);
    if (found === undefined) return;
    // Two gateways may change them at once: the later one tries again.
    const changed = await db
      .updateTable("gateway_sessions")
      .set({ pins: JSON.stringify(change(found.pins)) })
      .where("user_id", "=", key.userId)
      .where("client_id", "=", key.clientId)
      .where("pins", "=", JSON.stringify(found.pins))
      .returning("user_id")
      .executeTakeFirst();
    if (changed !== undefined) return;
  }
}

/** Notes when sessions were last used; an earlier time than the one that is there changes nothing. */
export async function touchSessions(db: Database, keys: readonly SessionKey[], time: number): Promise<void> {
  for (let index = 0; index < keys.length; index += KEYS) {
    const some = keys.slice(index, index + KEYS).map((key) => sql`(${key.userId}, ${key.clientId})`);
    await db
      .updateTable("gateway_sessions")
      .set({ last_used: time })
      .where("last_used", "<", time)
      .where(sql<boolean>`(user_id, client_id) in (values ${sql.join(some)})`)
      .execute();
  }
}

/** Reads the open sessions. */
export async function openSessions(db: Database): Promise<readonly StoredSession[]> {
  const rows = await db.selectFrom("gateway_sessions").selectAll().where("state", "=", "open").execute();
  return rows.map(fromRow);
}

/** Counts the open sessions of each driver. */
export async function sessionLoad(db: Database): Promise<ReadonlyMap<string, number>> {
  const rows = await db
    .selectFrom("gateway_sessions")
    .select(({ fn }) => ["driver_id", fn.countAll<number>().as("sessions")])
    .where("state", "=", "open")
    .groupBy("driver_id")
    .execute();
  return new Map(rows.flatMap((row) => (row.driver_id === null ? [] : [[row.driver_id, row.sessions]])));
}

/** Removes the sessions that ended before a time, and what the ledger has of them. */
export async function forgetSessions(db: Database, before: number): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    const ended = sql`select user_id, client_id from gateway_sessions where ended < ${before}`;
    await transaction
      .deleteFrom("gateway_writes")
      .where(sql<boolean>`(user_id, client_id) in (${ended})`)
      .execute();
    await transaction.deleteFrom("gateway_sessions").where("ended", "<", before).execute();
  });
}

function toRow(session: StoredSession): NewSessionRow {
  return {
    ...keyColumns(session),
    server_id: session.serverId,
    pool: session.pool,
    ...placeColumns(session.place),
    epoch: session.epoch,
    version: session.version,
    state: session.state,
    lost_because: session.lostBecause ?? null,
    pins: JSON.stringify(session.pins),
    last_used: session.lastUsed,
    ended: session.state === "open" ? null : session.lastUsed,
  };
}

function placeColumns(
  place: StoredPlace | undefined,
): Pick<SessionRow, "driver_id" | "life" | "driver_session_id"> {
  return {
    driver_id: place?.driverId ?? null,
    life: place?.life ?? null,
    driver_session_id: place?.driverSessionId ?? null,
  };
}

function fromRow(row: SessionRow): StoredSession {
  const { driver_id: driverId, life, driver_session_id: driverSessionId } = row;
  return {
    userId: row.user_id,
    clientId: row.client_id,
    serverId: row.server_id,
    pool: row.pool,
    place:
      driverId === null || life === null || driverSessionId === null
        ? undefined
        : { driverId, life, driverSessionId },
    epoch: row.epoch,
    version: row.version,
    state: row.state,
    lostBecause: row.lost_because ?? undefined,
    pins: JSON.parse(row.pins) as string[],
    lastUsed: row.last_used,
  };
}
