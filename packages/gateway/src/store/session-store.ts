import type { EntryHead, JournalEntry } from "../journal/journal-entry.ts";

/** Names a session in the store: user and the client's session id. */
export interface SessionKey {
  readonly userId: string;
  readonly clientId: string;
}

/** Where a session lives, as it is kept. */
export interface StoredPlace {
  readonly driverId: string;
  /** Tells one life of a driver from the next; said by the driver itself. */
  readonly life: string;
  readonly driverSessionId: string;
}

/** A session as it is kept. */
export interface StoredSession extends SessionKey {
  readonly serverId: string;
  readonly pool: string;
  /** Undefined while it is being placed for the first time. */
  readonly place: StoredPlace | undefined;
  /** Grows by one with each move. */
  readonly epoch: number;
  /** Grows by one with each move and each entry of its journal, whichever gateway makes it. */
  readonly version: number;
  readonly state: "open" | "closed" | "lost";
  /** Why it was lost. */
  readonly lostBecause: string | undefined;
  /** Why it cannot be moved; empty when it can. */
  readonly pins: readonly string[];
  /** Milliseconds since 1970. */
  readonly lastUsed: number;
}

/** A write, from before it is sent to a driver until its outcome is known. */
export interface LedgerEntry extends SessionKey {
  readonly operationId: string;
  readonly driverId: string;
  readonly life: string;
  readonly state: "sent" | "succeeded" | "failed" | "unknown";
}

/** A gateway's share in a session's lock. */
export interface SharedLock extends Disposable {
  /**
   * Another number than that of the share before when another gateway may have moved or ended the session meanwhile:
   * what was read in another term must be read anew. Always the same where there is only one gateway.
   */
  readonly term: number;
}

/**
 * What outlives a gateway. Every method resolves when the change cannot be lost any more by the gateway's own death.
 * @throws {GatewayError} `store-unavailable` from each, after a bounded wait, when the database cannot be reached.
 */
export interface SessionStore extends AsyncDisposable {
  find(key: SessionKey): Promise<StoredSession | undefined>;
  /** Adds a session unless there is one, and gives the one that is there then. */
  add(session: StoredSession): Promise<StoredSession>;
  /**
   * Puts an open session into another place, if its version is still the given one, so that its journal holds nothing
   * that was not replayed there; tells whether it was. Epoch and version grow by one.
   */
  move(key: SessionKey, version: number, place: StoredPlace): Promise<boolean>;
  /** Says that it has ended; the row is kept for a while, so that its client can be told. */
  end(key: SessionKey, state: "closed" | "lost", reason?: string): Promise<void>;
  pin(key: SessionKey, reason: string): Promise<void>;
  unpin(key: SessionKey, reason: string): Promise<void>;
  /** Sets when sessions were last used. */
  touch(keys: readonly SessionKey[], time: number): Promise<void>;
  /** Open sessions. */
  sessions(): Promise<readonly StoredSession[]>;
  /** Open sessions by driver. */
  load(): Promise<ReadonlyMap<string, number>>;
  /** Removes sessions that ended, and ledger entries that were settled, before this time. */
  forget(before: number): Promise<void>;

  /**
   * Changes a journal, if the session's version is still the given one: adds an entry (none when it only takes away
   * what is not kept any more), and takes out the ones with these sequence numbers. Gives the new version, which is the
   * sequence number of the entry (`headOf`); undefined when another gateway has changed the journal or moved the
   * session meanwhile: both are to be read anew then.
   * @throws {GatewayError} `session-closed` when the session has ended.
   */
  append(
    key: SessionKey,
    version: number,
    entry: JournalEntry | undefined,
    superseded: readonly number[],
  ): Promise<number | undefined>;
  /** The heads of a journal in order. */
  heads(key: SessionKey): Promise<readonly EntryHead[]>;
  /** A journal in order, one entry at a time. */
  entries(key: SessionKey): AsyncIterable<JournalEntry>;
  /** Copies a journal. */
  copy(from: SessionKey, to: SessionKey): Promise<void>;

  /** Notes that a write is about to be sent; gives the earlier entry when there is one with this operation id. */
  beginWrite(entry: LedgerEntry): Promise<LedgerEntry | undefined>;
  endWrite(key: SessionKey, operationId: string, state: "succeeded" | "failed" | "unknown"): Promise<void>;

  /** Calls of a session hold this while they run; many may. Waits while another gateway moves the session. */
  share(key: SessionKey, signal: AbortSignal): Promise<SharedLock>;
  /** Who moves a session holds this; waits until no gateway has a call of it. */
  lock(key: SessionKey, signal: AbortSignal): Promise<Disposable>;

  /** What is wished of drivers, beyond a gateway's own configuration; all gateways follow it. */
  driverWishes(): Promise<readonly DriverWish[]>;
  wish(wish: DriverWish): Promise<void>;
}

/** A driver that was added, or one that shall go, by command. */
export type DriverWish =
  | {
      readonly type: "add";
      readonly driverId: string;
      readonly host: string;
      readonly port: number;
      readonly pool: string;
      readonly capacity: number;
      readonly version: string | undefined;
    }
  | { readonly type: "drain"; readonly driverId: string; readonly deadline: number };
