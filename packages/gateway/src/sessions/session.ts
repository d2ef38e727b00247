import type { EntryHead } from "../journal/journal-entry.ts";
import type { SessionKey, StoredSession } from "../store/session-store.ts";
import type { SessionName } from "./session-directory.ts";
import { Gate } from "./gate.ts";
import { Condition } from "./wait.ts";

/** Why a session is on its way to another place. */
export type MoveCause = "drain" | "driver-lost";

/** A session that the gateway knows: the row of the store as it was last read, and what goes on here. */
export class Session implements SessionName {
  readonly key: SessionKey;
  readonly serverId: string;
  readonly pool: string;
  readonly gate = new Gate();
  /** Tells of each change of its place, its pins and its end. */
  readonly condition = new Condition();
  /** As it was last read or written. */
  stored: StoredSession;
  /** In which term of the store's lock `stored` was read; undefined when it was not read under the lock. */
  term: number | undefined;
  /** Of its journal; undefined when they were not read since another gateway may have changed them. */
  heads: EntryHead[] | undefined;
  /** Reasons that could not be stored; the session must not be moved for them either. */
  readonly unstoredPins = new Set<string>();
  /** The last of the changes of its journal, which are made one after the other. */
  recording: Promise<void> = Promise.resolve();
  /** Who has the session to himself: a move, or its end for being idle. Only one at a time. */
  exclusive: { readonly cause: MoveCause | "idle"; readonly done: Promise<void> } | undefined;
  /** The id under which its driver has ended it, for being silent too long. */
  goneAs: string | undefined;
  /** Why it has not left a driver that drains. */
  stays: string | undefined;
  /** Calls of its client that run here. */
  calls = 0;
  /** When a call of it last began or ended, milliseconds since 1970. */
  lastUsed: number;
  /** When its driver last heard of it, milliseconds since 1970. */
  lastHeard: number;

  constructor(stored: StoredSession) {
    const { userId, clientId } = stored;
    this.key = { userId, clientId };
    this.serverId = stored.serverId;
    this.pool = stored.pool;
    this.stored = stored;
    this.lastUsed = stored.lastUsed;
    this.lastHeard = stored.lastUsed;
  }

  get userId(): string {
    return this.key.userId;
  }

  get clientId(): string {
    return this.key.clientId;
  }

  /** Why it cannot be moved; empty when it can. */
  get pins(): readonly string[] {
    return this.unstoredPins.size === 0
      ? this.stored.pins
      : [...new Set([...this.stored.pins, ...this.unstoredPins])];
  }
}

/** A text that names a session among those of all users. */
export function sessionName({ userId, clientId }: SessionKey): string {
  return `${userId.length}:${userId}:${clientId}`;
}
