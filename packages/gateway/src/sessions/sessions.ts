import { randomUUID } from "node:crypto";
import { DEFAULT_POOL, type Driver } from "../drivers/driver.ts";
import type { DriverPool } from "../drivers/pool.ts";
import type { GatewayEvents } from "../events.ts";
import { allowedPool } from "../identity/allowed-pool.ts";
import type { Identity, Limits } from "../identity/identity.ts";
import type { JournalBounds } from "../journal/bound.ts";
import type { JournalEntry } from "../journal/journal-entry.ts";
import type { TableChange } from "../journal/call-summary.ts";
import type { CallHead } from "../proxy/call.ts";
import type { SessionKey, SessionStore, SharedLock, StoredSession } from "../store/session-store.ts";
import { Drain } from "./drain.ts";
import { isKnownAt } from "./driver-session.ts";
import { FailOver } from "./fail-over.ts";
import type { CallKind } from "./gate.ts";
import { Housekeeping } from "./housekeeping.ts";
import { KnownSessions } from "./known-sessions.ts";
import { Mover } from "./mover.ts";
import { Occupancy } from "./occupancy.ts";
import { Placement } from "./placement.ts";
import { type CallHost, EnteredCall, type Stay } from "./session-call.ts";
import type { CloneIds, SessionCall, SessionDirectory, SessionPlace } from "./session-directory.ts";
import { assertOpen, closedSession, unknownSession } from "./session-errors.ts";
import { newDriverSessionId } from "./session-id.ts";
import { SessionJournal } from "./session-journal.ts";
import { reportSessions, type SessionReport } from "./session-report.ts";
import { type Session, sessionName } from "./session.ts";
import { untilAborted } from "./wait.ts";

/** Methods that make a session where there is none; the others are about something that must be there. */
const OPENING = new Set(["ExecutePlan", "AnalyzePlan", "Config", "AddArtifacts", "ArtifactStatus"]);

/** Methods about what was begun before. */
const FOLLOW_UPS = new Set([
  "ReattachExecute",
  "ReleaseExecute",
  "Interrupt",
  "FetchErrorDetails",
  "ReleaseSession",
]);

/** How sessions are kept; times are milliseconds. */
export interface SessionOptions {
  /** How long a session waits for a driver; by default 60 s. */
  readonly patience?: number;
  /** After how long without a call a session is ended; by default an hour, as Spark does. */
  readonly longestIdle?: number;
  /** After how long without a call a driver is told that a session goes on; by default 5 minutes. */
  readonly sessionKeepAlive?: number;
  /** How often the gateway looks at what others with the same store have done; by default every 5 s. */
  readonly refresh?: number;
  /** How large a session's journal may grow. */
  readonly journal?: JournalBounds;
}

/** What sessions are kept with. */
export interface SessionParts {
  readonly pool: DriverPool;
  readonly store: SessionStore;
  readonly limits: Limits;
  readonly events: GatewayEvents;
}

const PATIENCE = 60_000;

const HOUSEKEEPING = { longestIdle: 3_600_000, keepAlive: 300_000, refresh: 5_000 };

/** The sessions of a gateway: opened on drivers, found again by each call, moved when their drivers drain or are lost. */
export class Sessions implements SessionDirectory, CallHost, AsyncDisposable {
  readonly known: KnownSessions;
  readonly #mover: Mover;
  readonly #parts: SessionParts;
  readonly #placement: Placement;
  readonly #occupancy: Occupancy;
  readonly #journal: SessionJournal;
  readonly #failOver: FailOver;
  readonly #housekeeping: Housekeeping;
  readonly #longestSilence: number;
  readonly #opening = new Map<string, { readonly userId: string; readonly session: Promise<Session> }>();

  private constructor(parts: SessionParts, options: SessionOptions) {
    const { pool, store, events } = parts;
    const patience = options.patience ?? PATIENCE;
    this.#parts = parts;
    this.#occupancy = new Occupancy(pool);
    this.#placement = new Placement(pool, this.#occupancy, patience);
    this.known = new KnownSessions(store, pool, this.#occupancy, events);
    this.#mover = new Mover({ store, known: this.known, placement: this.#placement, events });
    this.#journal = new SessionJournal(store, this.known, options.journal ?? {});
    this.#failOver = new FailOver(pool, this.known, this.#mover, patience);
    // Longer than between two keep-alives that come late.
    this.#longestSilence = 2 * (options.sessionKeepAlive ?? HOUSEKEEPING.keepAlive);
    this.#housekeeping = new Housekeeping(
      {
        store,
        known: this.known,
        tryStay: (session, signal) => this.#tryStay(session, "follow-up", signal),
      },
      {
        longestIdle: options.longestIdle ?? HOUSEKEEPING.longestIdle,
        keepAlive: options.sessionKeepAlive ?? HOUSEKEEPING.keepAlive,
        refresh: options.refresh ?? HOUSEKEEPING.refresh,
      },
    );
    pool.onDrain = (driver, signal) =>
      new Drain(
        {
          known: this.known,
          occupancy: this.#occupancy,
          placement: this.#placement,
          mover: this.#mover,
        },
        driver,
        signal,
      ).run();
  }

  /** Goes on with the sessions of the store. */
  static async open(parts: SessionParts, options: SessionOptions = {}): Promise<Sessions> {
    const sessions = new Sessions(parts, options);
    for (const stored of await parts.store.sessions()) sessions.known.adopt(stored);
    return sessions;
  }

  /** All of them, a snapshot. */
  report(): readonly SessionReport[] {
    return reportSessions(this.known);
  }

  async enter(head: CallHead, identity: Identity, signal: AbortSignal): Promise<SessionCall> {
    const { name } = head.method;
    const key = { userId: identity.userId, clientId: head.sessionId };
    const session = this.known.get(key) ?? (await untilAborted(this.#find(key, head, identity), signal));
    if (name === "CloneSession") this.#checkLimit(identity);
    if (name === "ReleaseSession") await this.#endUnreachable(session);
    const stay = await this.stay(session, FOLLOW_UPS.has(name) ? "follow-up" : "work", signal);
    return new EnteredCall(session, this, stay);
  }

  async stay(session: Session, kind: CallKind, signal: AbortSignal): Promise<Stay> {
    for (;;) {
      const stay = await this.#tryStay(session, kind, signal);
      if (stay !== undefined) return stay;
      await this.#failOver.settle(session, signal);
    }
  }

  share(session: Session): Promise<SharedLock> {
    return this.#parts.store.share(session.key, new AbortController().signal);
  }

  record(session: Session, entries: readonly JournalEntry[]): Promise<void> {
    return this.#journal.record(session, entries);
  }

  recordTables(session: Session, place: SessionPlace, changes: readonly TableChange[]): Promise<void> {
    return this.#journal.recordTables(session, place, changes);
  }

  pin(session: Session, reason: string): Promise<void> {
    return this.known.pin(session, reason);
  }

  unpin(session: Session, reason: string): Promise<void> {
    return this.known.unpin(session, reason);
  }

  end(session: Session): Promise<void> {
    return this.known.end(session, { because: "released" });
  }

  async cloned(session: Session, { driver }: SessionPlace, clone: CloneIds): Promise<void> {
    const { place } = session.stored;
    if (place === undefined) return;
    const { clientId, serverId, driverSessionId } = clone;
    const row = newRow({ userId: session.userId, clientId }, session.pool, serverId);
    const cloned = { ...row, pins: session.pins, place: { ...place, driverSessionId } };
    await this.#parts.store.add(cloned);
    await this.#parts.store.copy(session.key, cloned);
    await this.known.read(this.known.adopt(cloned));
    this.#tellOpened(cloned, driver.id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#housekeeping[Symbol.asyncDispose]();
    this.#parts.pool.onDrain = undefined;
    this.#failOver[Symbol.dispose]();
    this.#placement[Symbol.dispose]();
    this.#occupancy[Symbol.dispose]();
  }

  /** A session that shall end need not wait for a driver on which it could be made again. */
  async #endUnreachable(session: Session): Promise<void> {
    if (this.known.place(session) !== undefined || this.#placement.isReady(session.pool)) return;
    await this.end(session);
    throw closedSession(session, "its driver had gone, and no other was ready");
  }

  /** Undefined when the session has no place, or its driver is not there. */
  async #tryStay(session: Session, kind: CallKind, signal: AbortSignal): Promise<Stay | undefined> {
    using held = new DisposableStack();
    held.use(await session.gate.enter(kind, signal));
    const share = held.use(await this.#parts.store.share(session.key, signal));
    assertOpen(session.stored);
    if (share.term !== session.term) {
      await this.known.read(session);
      session.term = share.term;
    }
    const place = this.known.place(session);
    if (place === undefined || (await this.#hasEnded(session, place))) return undefined;
    place.driver.calls += 1;
    session.lastHeard = Date.now();
    held.defer(() => {
      place.driver.calls -= 1;
      session.lastHeard = Date.now();
    });
    const kept = held.move();
    return {
      place,
      [Symbol.dispose]: () => {
        kept.dispose();
      },
    };
  }

  /** Whether its driver has ended a session that it has not heard of for long: the gateway was away meanwhile. */
  async #hasEnded(session: Session, place: SessionPlace): Promise<boolean> {
    if (Date.now() - session.lastHeard < this.#longestSilence) return false;
    // A driver that does not answer is the call's to find out about.
    if (await isKnownAt(place, session.userId).catch(() => true)) return false;
    session.goneAs = place.driverSessionId;
    return true;
  }

  /** The call's session, which the first call of it makes; calls that come meanwhile wait for the same. */
  async #find(key: SessionKey, head: CallHead, identity: Identity): Promise<Session> {
    const name = sessionName(key);
    const found = this.#opening.get(name);
    if (found !== undefined) return found.session;
    if (!OPENING.has(head.method.name)) {
      const session = await this.#findStored(key);
      if (session !== undefined) return session;
      throw unknownSession(key, head.method.name);
    }
    // Not bound to the first call: others may come to wait for it too, and it waits no longer than the patience.
    const session = this.#findOrOpen(key, head, identity).finally(() => this.#opening.delete(name));
    this.#opening.set(name, { userId: key.userId, session });
    return session;
  }

  async #findStored(key: SessionKey): Promise<Session | undefined> {
    const stored = await this.#parts.store.find(key);
    if (stored === undefined) return undefined;
    assertOpen(stored);
    return this.known.adopt(stored);
  }

  async #findOrOpen(key: SessionKey, { pool }: CallHead, identity: Identity): Promise<Session> {
    const found = await this.#findStored(key);
    if (found !== undefined) return found;
    this.#checkLimit(identity);
    const label = allowedPool(identity, pool) ?? DEFAULT_POOL;
    using target = await this.#placement.place(label);
    const { driver, life } = target;
    const place = { driverId: driver.id, life, driverSessionId: newDriverSessionId() };
    const row = { ...newRow(key, label, serverIdOn(driver, key)), place };
    const stored = await this.#parts.store.add(row);
    assertOpen(stored);
    const session = this.known.adopt(stored);
    if (stored.place?.driverSessionId === place.driverSessionId) this.#tellOpened(stored, driver.id);
    return session;
  }

  #checkLimit(identity: Identity): void {
    const { userId } = identity;
    const opening = [...this.#opening.values()].filter((each) => each.userId === userId).length;
    // The one that asks is among those that are being opened.
    this.#parts.limits.checkSession(identity, this.known.countOf(userId) + Math.max(0, opening - 1));
  }

  #tellOpened({ userId, clientId: sessionId }: SessionKey, driverId: string): void {
    this.#parts.events.emit({ type: "session-opened", userId, sessionId, driverId });
  }
}

/** As the driver itself would answer: Sail says the session's own id, by which clients tell it from Spark. */
function serverIdOn({ catalog }: Driver, { clientId }: SessionKey): string {
  return catalog === "session" ? clientId : randomUUID();
}

function newRow(key: SessionKey, pool: string, serverId: string): StoredSession {
  return {
    ...key,
    serverId,
    pool,
    place: undefined,
    epoch: 0,
    version: 0,
    state: "open",
    lostBecause: undefined,
    pins: [],
    lastUsed: Date.now(),
  };
}
