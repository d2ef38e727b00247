import type { Driver } from "../drivers/driver.ts";
import type { DriverPool } from "../drivers/pool.ts";
import type { GatewayEvents } from "../events.ts";
import type { SessionKey, SessionStore, StoredSession } from "../store/session-store.ts";
import type { Occupancy } from "./occupancy.ts";
import type { SessionPlace } from "./session-directory.ts";
import { assertOpen, closedSession } from "./session-errors.ts";
import { Session, sessionName } from "./session.ts";

/** What a session's end is told with. */
export type SessionEnd =
  | { readonly because: "released" }
  | { readonly because: "idle"; readonly reason: string }
  | { readonly because: "lost"; readonly reason: string };

/** The open sessions as this gateway knows them, kept the same as the store's rows. */
export class KnownSessions {
  readonly #store: SessionStore;
  readonly #pool: DriverPool;
  readonly #occupancy: Occupancy;
  readonly #events: GatewayEvents;
  readonly #sessions = new Map<string, Session>();
  readonly #ofUser = new Map<string, number>();
  /** The places that were found last; a session is asked for its place with each call. */
  readonly #places = new WeakMap<Session, SessionPlace>();

  constructor(store: SessionStore, pool: DriverPool, occupancy: Occupancy, events: GatewayEvents) {
    this.#store = store;
    this.#pool = pool;
    this.#occupancy = occupancy;
    this.#events = events;
  }

  /** All of them, a snapshot. */
  get all(): readonly Session[] {
    return [...this.#sessions.values()];
  }

  get(key: SessionKey): Session | undefined {
    return this.#sessions.get(sessionName(key));
  }

  /** How many sessions a user has. */
  countOf(userId: string): number {
    return this.#ofUser.get(userId) ?? 0;
  }

  /** Knows an open session from its row; the same object as long as it is open. */
  adopt(stored: StoredSession): Session {
    const known = this.get(stored);
    if (known !== undefined) return known;
    const session = new Session(stored);
    this.#sessions.set(sessionName(stored), session);
    this.#ofUser.set(session.userId, this.countOf(session.userId) + 1);
    this.#occupancy.settle(session);
    return session;
  }

  /** Takes over what another gateway has made of a session. */
  update(session: Session, stored: StoredSession): void {
    const before = session.stored;
    if (stored.version !== before.version) session.heads = undefined;
    session.stored = stored;
    session.lastUsed = Math.max(session.lastUsed, stored.lastUsed);
    this.#occupancy.settle(session);
    session.condition.changed();
  }

  /** Notes what this gateway has just stored. */
  note(session: Session, change: Partial<Pick<StoredSession, "place" | "epoch" | "version" | "pins">>): void {
    session.stored = { ...session.stored, ...change };
    this.#occupancy.settle(session);
    session.condition.changed();
  }

  /**
   * Reads a session anew.
   * @throws {GatewayError} `session-closed`, `session-lost` when it has ended; it is not known any more then.
   */
  async read(session: Session): Promise<void> {
    const stored = await this.#store.find(session.key);
    if (stored?.state === "open" && stored.serverId === session.serverId) {
      this.update(session, stored);
      return;
    }
    this.forget(session, stored);
    if (stored !== undefined) assertOpen(stored);
    throw closedSession(session, undefined);
  }

  /** The place where a session lives, while its driver has the life in which it was made and has not ended it. */
  place(session: Session): SessionPlace | undefined {
    const { place } = session.stored;
    if (place === undefined || place.driverSessionId === session.goneAs) return undefined;
    const known = this.#places.get(session);
    if (known?.driverSessionId === place.driverSessionId && known.driver.connection === known.life)
      return known;
    const driver = this.driverOf(session);
    const life = driver?.connection;
    if (driver === undefined || life === undefined || driver.life !== place.life) return undefined;
    const found = { driver, life, driverSessionId: place.driverSessionId };
    this.#places.set(session, found);
    return found;
  }

  /** The driver that a session was placed on, whatever has become of it. */
  driverOf({ stored: { place } }: Session): Driver | undefined {
    return place === undefined ? undefined : this.#pool.drivers.find(({ id }) => id === place.driverId);
  }

  /** Ends a session. */
  async end(session: Session, end: SessionEnd): Promise<void> {
    const reason = end.because === "released" ? undefined : end.reason;
    await this.#store.end(session.key, end.because === "lost" ? "lost" : "closed", reason);
    if (this.get(session.key) !== session) return;
    const state = end.because === "lost" ? "lost" : "closed";
    this.forget(session, { ...session.stored, state, lostBecause: reason });
    const { userId, clientId: sessionId } = session;
    this.#events.emit({ type: "session-ended", userId, sessionId, because: end.because, reason });
  }

  /** A session has ended, here or at another gateway; calls that wait for it learn that. */
  forget(session: Session, stored: StoredSession | undefined): void {
    if (this.get(session.key) !== session) return;
    session.stored = stored ?? { ...session.stored, state: "closed" };
    this.#sessions.delete(sessionName(session.key));
    const left = this.countOf(session.userId) - 1;
    if (left === 0) this.#ofUser.delete(session.userId);
    else this.#ofUser.set(session.userId, left);
    this.#occupancy.remove(session);
    session.condition.changed();
  }

  /** A session cannot be moved from now on. */
  async pin(session: Session, reason: string): Promise<void> {
    const isNew = !session.pins.includes(reason);
    session.unstoredPins.add(reason);
    await this.#store.pin(session.key, reason);
    session.unstoredPins.delete(reason);
    this.note(session, { pins: [...new Set([...session.stored.pins, reason])] });
    if (!isNew) return;
    const { userId, clientId: sessionId } = session;
    this.#events.emit({ type: "session-pinned", userId, sessionId, reason });
  }

  /** A reason for which a session could not be moved has ended. */
  async unpin(session: Session, reason: string): Promise<void> {
    await this.#store.unpin(session.key, reason);
    session.unstoredPins.delete(reason);
    this.note(session, { pins: session.stored.pins.filter((pin) => pin !== reason) });
  }
}
