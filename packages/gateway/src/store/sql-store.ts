import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { GatewayError } from "../grpc/status.ts";
import type { EntryHead, JournalEntry } from "../journal/journal-entry.ts";
import { readWishes, writeWish } from "./driver-wishes.ts";
import { changeJournal, copyJournal, readEntries, readHeads, readingGroups } from "./journal-table.ts";
import { type Database, migrate } from "./schema.ts";
import type { SessionLocks } from "./session-locks.ts";
import type {
  DriverWish,
  LedgerEntry,
  SessionKey,
  SessionStore,
  SharedLock,
  StoredPlace,
  StoredSession,
} from "./session-store.ts";
import {
  addSession,
  changePins,
  endSession,
  findSession,
  forgetSessions,
  moveSession,
  openSessions,
  sessionLoad,
  touchSessions,
} from "./session-table.ts";
import { type StoreFailure, storeUnavailable } from "./store-failure.ts";
import { beginWrite, endWrite, forgetWrites } from "./write-ledger.ts";

/** The database that a store is in. */
export interface StoreDatabase {
  /** Its name in errors: a file, or host, port and database. */
  readonly name: string;
  readonly db: Database;
  readonly locks: SessionLocks;
  /** Says why a statement failed, if it was not for the statement's own sake. */
  failure(error: unknown): StoreFailure | undefined;
  /** Milliseconds for which what may go well a moment later is tried again. */
  readonly patience: number;
}

const FIRST_PAUSE = 25;

const LONGEST_PAUSE = 500;

/** A store in a database that speaks SQL. */
export class SqlStore implements SessionStore {
  readonly #database: StoreDatabase;

  constructor(database: StoreDatabase) {
    this.#database = database;
  }

  /** Makes the tables, or brings them up to date. */
  prepare(): Promise<void> {
    return this.#ask(migrate);
  }

  find(key: SessionKey): Promise<StoredSession | undefined> {
    return this.#ask((db) => findSession(db, key));
  }

  add(session: StoredSession): Promise<StoredSession> {
    return this.#ask((db) => addSession(db, session));
  }

  move(key: SessionKey, version: number, place: StoredPlace): Promise<boolean> {
    return this.#ask((db) => moveSession(db, key, version, place));
  }

  async end(key: SessionKey, state: "closed" | "lost", reason?: string): Promise<void> {
    await this.#ask((db) => endSession(db, key, state, reason));
    await this.#database.locks.tellChanged(key);
  }

  pin(key: SessionKey, reason: string): Promise<void> {
    return this.#ask((db) =>
      changePins(db, key, (pins) => (pins.includes(reason) ? pins : [...pins, reason])),
    );
  }

  unpin(key: SessionKey, reason: string): Promise<void> {
    return this.#ask((db) => changePins(db, key, (pins) => pins.filter((pin) => pin !== reason)));
  }

  touch(keys: readonly SessionKey[], time: number): Promise<void> {
    return this.#ask((db) => touchSessions(db, keys, time));
  }

  sessions(): Promise<readonly StoredSession[]> {
    return this.#ask(openSessions);
  }

  load(): Promise<ReadonlyMap<string, number>> {
    return this.#ask(sessionLoad);
  }

  forget(before: number): Promise<void> {
    return this.#ask(async (db) => {
      await forgetSessions(db, before);
      await forgetWrites(db, before);
    });
  }

  append(
    key: SessionKey,
    version: number,
    entry: JournalEntry | undefined,
    superseded: readonly number[],
  ): Promise<number | undefined> {
    const token = randomUUID();
    return this.#ask((db) => changeJournal(db, key, { version, entry, superseded, token }));
  }

  heads(key: SessionKey): Promise<readonly EntryHead[]> {
    return this.#ask((db) => readHeads(db, key));
  }

  async *entries(key: SessionKey): AsyncIterable<JournalEntry> {
    for (const group of readingGroups(await this.heads(key))) {
      yield* await this.#ask((db) => readEntries(db, key, group));
    }
  }

  copy(from: SessionKey, to: SessionKey): Promise<void> {
    return this.#ask((db) => copyJournal(db, from, to));
  }

  beginWrite(entry: LedgerEntry): Promise<LedgerEntry | undefined> {
    const token = randomUUID();
    return this.#ask((db) => beginWrite(db, entry, token));
  }

  endWrite(key: SessionKey, operationId: string, state: "succeeded" | "failed" | "unknown"): Promise<void> {
    return this.#ask((db) => endWrite(db, key, operationId, state));
  }

  share(key: SessionKey, signal: AbortSignal): Promise<SharedLock> {
    return this.#database.locks.share(key, signal);
  }

  lock(key: SessionKey, signal: AbortSignal): Promise<Disposable> {
    return this.#database.locks.lock(key, signal);
  }

  driverWishes(): Promise<readonly DriverWish[]> {
    return this.#ask(readWishes);
  }

  wish(wish: DriverWish): Promise<void> {
    return this.#ask((db) => writeWish(db, wish));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#database.locks[Symbol.asyncDispose]();
    await this.#database.db.destroy();
  }

  /**
   * Does `work`, again while the database cannot be reached. A connection may break after a change was made and
   * before that was said: so whatever is done here must do no harm when it is done twice.
   */
  async #ask<T>(work: (db: Database) => Promise<T>): Promise<T> {
    const { db, name, patience } = this.#database;
    const due = performance.now() + patience;
    for (let wait = FIRST_PAUSE; ; wait = Math.min(wait * 2, LONGEST_PAUSE)) {
      try {
        return await work(db);
      } catch (error) {
        const failure = error instanceof GatewayError ? undefined : this.#database.failure(error);
        if (failure === undefined) throw error;
        if (!failure.transient || performance.now() + wait > due)
          throw storeUnavailable(name, failure, error);
      }
      await pause(wait);
    }
  }
}
