import type { GatewayError } from "../grpc/status.ts";
import type { JournalEntry } from "../journal/journal-entry.ts";
import type { TableChange } from "../journal/call-summary.ts";
import type { SharedLock } from "../store/session-store.ts";
import type { CloneIds, SessionCall, SessionPlace } from "./session-directory.ts";
import type { CallKind } from "./gate.ts";
import type { Session } from "./session.ts";
import { untilAborted } from "./wait.ts";

/** A session's place, which it does not leave until this is disposed of. */
export interface Stay extends Disposable {
  readonly place: SessionPlace;
}

/** What a call asks of the directory that it was entered into. */
export interface CallHost {
  /** Finds the session at a place with a living driver, and keeps it there. */
  stay(session: Session, kind: CallKind, signal: AbortSignal): Promise<Stay>;
  share(session: Session): Promise<SharedLock>;
  record(session: Session, entries: readonly JournalEntry[]): Promise<void>;
  recordTables(session: Session, place: SessionPlace, changes: readonly TableChange[]): Promise<void>;
  pin(session: Session, reason: string): Promise<void>;
  unpin(session: Session, reason: string): Promise<void>;
  end(session: Session): Promise<void>;
  cloned(session: Session, place: SessionPlace, clone: CloneIds): Promise<void>;
}

/** A call within its session's gate. */
export class EnteredCall implements SessionCall {
  readonly session: Session;
  readonly #host: CallHost;
  #stay: Stay;
  #place: SessionPlace;
  #ended = false;

  constructor(session: Session, host: CallHost, stay: Stay) {
    this.session = session;
    this.#host = host;
    this.#stay = stay;
    this.#place = stay.place;
    session.calls += 1;
    session.lastUsed = Date.now();
  }

  get place(): SessionPlace {
    return this.#place;
  }

  async replace(_cause: GatewayError, signal: AbortSignal): Promise<SessionPlace> {
    const { driver, life } = this.#place;
    // Asked while the session is kept here: where the driver lives, the operation may still run on it.
    const alive = driver.connection === life && (await untilAborted(driver.suspect(), signal));
    if (alive && driver.connection === life) return this.#place;
    this.#stay[Symbol.dispose]();
    const stay = await this.#host.stay(this.session, "follow-up", signal);
    if (this.#ended) stay[Symbol.dispose]();
    this.#stay = stay;
    this.#place = stay.place;
    return stay.place;
  }

  record(entries: readonly JournalEntry[]): Promise<void> {
    return this.#host.record(this.session, entries);
  }

  recordTables(changes: readonly TableChange[]): Promise<void> {
    return this.#host.recordTables(this.session, this.#place, changes);
  }

  pin(reason: string): Promise<void> {
    return this.#host.pin(this.session, reason);
  }

  unpin(reason: string): Promise<void> {
    return this.#host.unpin(this.session, reason);
  }

  hold(): Disposable {
    // The call has a share itself now, so that another one is given at once; without one nothing is held.
    const share = this.#host.share(this.session).catch(() => undefined);
    return this.session.gate.hold(() => {
      void share.then((lock) => lock?.[Symbol.dispose]());
    });
  }

  end(): Promise<void> {
    return this.#host.end(this.session);
  }

  cloned(clone: CloneIds): Promise<void> {
    return this.#host.cloned(this.session, this.#place, clone);
  }

  [Symbol.dispose](): void {
    if (this.#ended) return;
    this.#ended = true;
    this.session.calls -= 1;
    this.session.lastUsed = Date.now();
    this.#stay[Symbol.dispose]();
  }
}
