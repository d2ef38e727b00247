import { GatewayError, StatusCode } from "../grpc/status.ts";
import type { EntryHead, EntryKind, EntryMethod, JournalEntry } from "../journal/journal-entry.ts";
import type { Database, EntryTable } from "./schema.ts";
import { headOf } from "./entry-head.ts";
import { keyColumns } from "./session-table.ts";
import type { SessionKey } from "./session-store.ts";

/** Bytes and rows that one statement writes or reads: more would hold the process up, or fill its memory. */
const BATCH = { bytes: 1024 * 1024, rows: 200 };

/** A change of a journal, as `SessionStore.append` takes it. */
export interface JournalChange {
  readonly version: number;
  readonly entry: JournalEntry | undefined;
  readonly superseded: readonly number[];
  /** The same when it is tried again. */
  readonly token: string;
}

/** Changes a journal; gives the session's new version, or undefined when it had another one than the given. */
export async function changeJournal(
  db: Database,
  key: SessionKey,
  change: JournalChange,
): Promise<number | undefined> {
  return db.transaction().execute(async (transaction) => {
    const session = await transaction
      .updateTable("gateway_sessions")
      .set((row) => ({ version: row("version", "+", 1) }))
      .where("user_id", "=", key.userId)
      .where("client_id", "=", key.clientId)
      .where("state", "=", "open")
      .where("version", "=", change.version)
      .returning("version")
      .executeTakeFirst();
    if (session === undefined) return writtenBefore(transaction, key, change.token);
    if (change.entry !== undefined) {
      await insertEntry(transaction, key, change.entry, session.version, change.token);
    }
    if (change.superseded.length > 0) await deleteEntries(transaction, key, change.superseded);
    return session.version;
  });
}

/** Reads the heads of a journal in order. */
export async function readHeads(db: Database, key: SessionKey): Promise<readonly EntryHead[]> {
  const rows = await db
    .selectFrom("gateway_journal_entries")
    .selectAll()
    .where("user_id", "=", key.userId)
    .where("client_id", "=", key.clientId)
    .orderBy("sequence")
    .execute();
  return rows.map(headFromRow);
}

/** Parts heads into groups whose messages may be read at once. */
export function readingGroups(heads: readonly EntryHead[]): readonly (readonly EntryHead[])[] {
  return grouped(heads, ({ size }) => size);
}

/** Reads the entries with these heads. */
export async function readEntries(
  db: Database,
  key: SessionKey,
  heads: readonly EntryHead[],
): Promise<readonly JournalEntry[]> {
  const rows = await db
    .selectFrom("gateway_journal_messages")
    .select(["sequence", "message"])
    .where("user_id", "=", key.userId)
    .where("client_id", "=", key.clientId)
    .where(
      "sequence",
      "in",
      heads.map(({ sequence }) => sequence),
    )
    .orderBy("sequence")
    .orderBy("position")
    .execute();
  const messages = Map.groupBy(rows, ({ sequence }) => sequence);
  return heads.map(({ kind, defines, removes, uses, method, sequence }) => ({
    kind,
    defines,
    removes,
    uses,
    method,
    messages: (messages.get(sequence) ?? []).map(({ message }) => asBuffer(message)),
  }));
}

/** Copies a journal to a session that has none, which gets the version of the other. */
export async function copyJournal(db: Database, from: SessionKey, to: SessionKey): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    const heads = await readHeads(transaction, from);
    for (const group of readingGroups(heads)) {
      const entries = await readEntries(transaction, from, group);
      for (const [index, entry] of entries.entries()) {
        const sequence = group[index]?.sequence ?? 0;
        await insertEntry(transaction, to, entry, sequence, `copy-${sequence}`);
      }
    }
    const last = heads.at(-1)?.sequence ?? 0;
    await transaction
      .updateTable("gateway_sessions")
      .set({ version: last })
      .where("user_id", "=", to.userId)
      .where("client_id", "=", to.clientId)
      .where("version", "<", last)
      .execute();
  });
}

/** The version that an earlier try of the same change made, whose confirmation was lost. */
async function writtenBefore(db: Database, key: SessionKey, token: string): Promise<number | undefined> {
  const entry = await db
    .selectFrom("gateway_journal_entries")
    .select("sequence")
    .where("user_id", "=", key.userId)
    .where("client_id", "=", key.clientId)
    .where("token", "=", token)
    .executeTakeFirst();
  if (entry !== undefined) return entry.sequence;
  const session = await db
    .selectFrom("gateway_sessions")
    .select("state")
    .where("user_id", "=", key.userId)
    .where("client_id", "=", key.clientId)
    .executeTakeFirst();
  if (session?.state === "open") return undefined;
  throw new GatewayError(
    "session-closed",
    StatusCode.notFound,
    `the session ${key.clientId} has ended: open a new one`,
    { errorClass: "INVALID_HANDLE.SESSION_CLOSED" },
  );
}

async function insertEntry(
  db: Database,
  key: SessionKey,
  entry: JournalEntry,
  sequence: number,
  token: string,
): Promise<void> {
  const { size } = headOf(entry, sequence);
  await db
    .insertInto("gateway_journal_entries")
    .values({
      ...keyColumns(key),
      sequence,
      kind: entry.kind,
      method: entry.method,
      removes: entry.removes ? 1 : 0,
      defines: JSON.stringify(entry.defines),
      uses: JSON.stringify(entry.uses),
      size,
      token,
    })
    .execute();
  const rows = entry.messages.map((message, position) => ({
    ...keyColumns(key),
    sequence,
    position,
    message,
  }));
  const groups = grouped(rows, ({ message }) => message.length);
  for (const [index, group] of groups.entries()) {
    // SQLite writes within this process: between the parts of a large artifact others get their turn.
    if (index > 0) await new Promise((resolve) => setImmediate(resolve));
    await db.insertInto("gateway_journal_messages").values(group).execute();
  }
}

async function deleteEntries(db: Database, key: SessionKey, sequences: readonly number[]): Promise<void> {
  for (const table of ["gateway_journal_messages", "gateway_journal_entries"] as const) {
    await db
      .deleteFrom(table)
      .where("user_id", "=", key.userId)
      .where("client_id", "=", key.clientId)
      .where("sequence", "in", [...sequences])
      .execute();
  }
}

function grouped<T>(items: readonly T[], sizeOf: (item: T) => number): T[][] {
  const groups: T[][] = [];
  let bytes = 0;
  for (const item of items) {
    const last = groups.at(-1);
    const size = sizeOf(item);
    if (last === undefined || last.length >= BATCH.rows || bytes + size > BATCH.bytes) {
      groups.push([item]);
      bytes = size;
    } else {
      last.push(item);
      bytes += size;
    }
  }
  return groups;
}

function headFromRow(row: EntryTable): EntryHead {
  return {
    kind: row.kind as EntryKind,
    method: row.method as EntryMethod,
    removes: row.removes === 1,
    defines: JSON.parse(row.defines) as string[],
    uses: JSON.parse(row.uses) as string[],
    sequence: row.sequence,
    size: row.size,
  };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
