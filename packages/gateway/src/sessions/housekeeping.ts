import { setTimeout as sleep } from "node:timers/promises";
import type { SessionStore } from "../store/session-store.ts";
import { isKnownAt, releaseAt } from "./driver-session.ts";
import type { KnownSessions } from "./known-sessions.ts";
import type { Stay } from "./session-call.ts";
import type { Session } from "./session.ts";

/** When what is done about sessions without being asked; all times are milliseconds. */
export interface HousekeepingTimes {
  /** After how long without a call a session is ended. */
  readonly longestIdle: number;
  /** After how long without a call a driver is told that a session goes on; Sail ends one after 900 s. */
  readonly keepAlive: number;
  /** How often it is looked at what other gateways of the same store have done. */
  readonly refresh: number;
}

/** What housekeeping works with. */
export interface HousekeepingParts {
  readonly store: SessionStore;
  readonly known: KnownSessions;
  /** Keeps a session at its place, if it has one. */
  readonly tryStay: (session: Session, signal: AbortSignal) => Promise<Stay | undefined>;
}

/** Milliseconds between two notes of which sessions were used. */
const TOUCH = 10_000;

/** Milliseconds between two clearings of what has ended, and for how long it is kept so that clients can be told. */
const FORGET = 3_600_000;
const KEPT = 24 * 3_600_000;

/** Milliseconds for a driver to answer, and for other gateways to let go of an idle session. */
const TIMEOUT = 10_000;

/** Looks after sessions that nobody calls: keeps them alive on their drivers, and ends them in the end. */
export class Housekeeping implements AsyncDisposable {
  readonly #parts: HousekeepingParts;
  readonly #times: HousekeepingTimes;
  readonly #stop = new AbortController();
  readonly #rounds: readonly Promise<void>[];
  /** Until when the store knows of sessions' use. */
  #touched = Date.now();

  constructor(parts: HousekeepingParts, times: HousekeepingTimes) {
    this.#parts = parts;
    this.#times = times;
    this.#rounds = [
      this.#every(Math.min(TOUCH, times.longestIdle / 10), () => this.#touch()),
      this.#every(times.longestIdle / 10, () => this.#endIdle()),
      this.#every(times.keepAlive / 5, () => this.#keepAlive()),
      this.#every(times.refresh, () => this.#refresh()),
      this.#every(FORGET, () => parts.store.forget(Date.now() - KEPT)),
    ];
  }

  /** Notes in the store when sessions were last used, for the next gateway. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#rounds);
    // What the store does not know now it takes from the time before, as after a gateway's death.
    await this.#touch().catch(() => undefined);
  }

  async #every(interval: number, work: () => Promise<void>): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await sleep(interval, undefined, { signal });
        await work();
      } catch {
        // The store or a driver does not answer: calls tell their clients so, and this is tried again.
      }
    }
  }

  async #touch(): Promise<void> {
    const now = Date.now();
    const used = this.#parts.known.all.filter(
      ({ lastUsed, calls }) => lastUsed >= this.#touched || calls > 0,
    );
    if (used.length > 0) {
      await this.#parts.store.touch(
        used.map(({ key }) => key),
        now,
      );
    }
    this.#touched = now;
  }

  async #endIdle(): Promise<void> {
    const due = Date.now() - this.#times.longestIdle;
    for (const session of this.#parts.known.all) {
      if (session.lastUsed <= due) await this.#endIfIdle(session, due);
    }
  }

  async #endIfIdle(session: Session, due: number): Promise<void> {
    const { store, known } = this.#parts;
    if (session.exclusive !== undefined) return;
    using held = new DisposableStack();
    const shut = session.gate.tryShut();
    if (shut === undefined) return;
    held.use(shut);
    const { promise: done, resolve } = Promise.withResolvers<undefined>();
    session.exclusive = { cause: "idle", done };
    held.defer(() => {
      session.exclusive = undefined;
      resolve(undefined);
    });
    held.use(
      await store.lock(session.key, AbortSignal.any([this.#stop.signal, AbortSignal.timeout(TIMEOUT)])),
    );
    // Another gateway may have served it meanwhile.
    await known.read(session);
    if (session.lastUsed > due) return;
    const place = known.place(session);
    const minutes = Math.round(this.#times.longestIdle / 60_000);
    const reason = `no call came for ${minutes > 0 ? `${minutes} minutes` : `${this.#times.longestIdle} ms`}`;
    await known.end(session, { because: "idle", reason });
    if (place !== undefined) releaseAt(place.life, session.userId, place.driverSessionId);
  }

  async #keepAlive(): Promise<void> {
    const { known } = this.#parts;
    const due = Date.now() - this.#times.keepAlive;
    const silent = known.all.filter(
      (session) => session.lastHeard <= due && session.exclusive === undefined && session.gate.isEmpty,
    );
    const byDriver = Map.groupBy(silent, (session) => known.place(session)?.driver);
    await Promise.all(
      [...byDriver].map(async ([driver, sessions]) => {
        if (driver === undefined) return;
        try {
          for (const session of sessions) await this.#tellOf(session);
        } catch {
          await driver.suspect();
        }
      }),
    );
  }

  async #tellOf(session: Session): Promise<void> {
    using stay = await this.#parts.tryStay(session, this.#stop.signal);
    if (stay === undefined) return;
    const known = await isKnownAt(stay.place, session.userId);
    if (!known) session.goneAs = stay.place.driverSessionId;
  }

  /** Takes over what other gateways have opened, moved and ended. */
  async #refresh(): Promise<void> {
    const { store, known } = this.#parts;
    const before = new Set(known.all);
    const rows = await store.sessions();
    for (const row of rows) {
      const session = known.get(row);
      if (session === undefined) {
        // It may have ended here since the rows were read.
        const stored = await store.find(row);
        if (stored?.state === "open") known.adopt(stored);
      } else {
        before.delete(session);
        const free = session.exclusive === undefined && session.gate.isEmpty;
        if (free && row.version >= session.stored.version) known.update(session, row);
      }
    }
    for (const session of before) {
      // Not in the rows: it was ended, if it was not opened just now. Who calls it is told so by the read.
      if (known.get(session.key) === session) await known.read(session).catch(() => undefined);
    }
  }
}
