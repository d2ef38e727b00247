import type { Driver } from "../drivers/driver.ts";
import type { GatewayEvents } from "../events.ts";
import { GatewayError, StatusCode } from "../grpc/status.ts";
import type { SessionStore } from "../store/session-store.ts";
import type { Placement, Reservation } from "./placement.ts";
import { replay, ReplayError } from "./replay.ts";
import { lostSession } from "./session-errors.ts";
import { newDriverSessionId } from "./session-id.ts";
import type { MoveCause, Session } from "./session.ts";
import { releaseAt } from "./driver-session.ts";
import type { KnownSessions } from "./known-sessions.ts";

/** Thrown when a session stays where it is: something of it lives on its driver alone, or no other driver takes it. */
export class SessionStaysError extends Error {
  override readonly name = "SessionStaysError";
  /** It may be movable later: what it is pinned by may end, or another driver be ready. */
  readonly forNow: boolean;

  constructor(reason: string, forNow: boolean, options?: ErrorOptions) {
    super(reason, options);
    this.forNow = forNow;
  }
}

/** What the mover works with. */
export interface MoverParts {
  readonly store: SessionStore;
  readonly known: KnownSessions;
  readonly placement: Placement;
  readonly events: GatewayEvents;
}

/** So many drivers may break down under a session that is brought to them. */
const BROKEN = 5;

interface Moved {
  readonly driver: Driver;
  /** Calls of the journal. */
  readonly replayed: number;
}

/** How often a session is brought to other drivers when its journal, or its place, is changed by another gateway. */
const ATTEMPTS = 5;

/**
 * Brings a session to another driver by making the calls of its journal again there. The caller has the session to
 * himself in this gateway (its gate is shut); the store's lock keeps the other gateways away.
 */
export class Mover {
  readonly #parts: MoverParts;

  constructor(parts: MoverParts) {
    this.#parts = parts;
  }

  /**
   * Moves a session off its place, unless another gateway has done so already, or its driver is back.
   * @throws {SessionStaysError} on a drain.
   * @throws {GatewayError} `session-lost` when the driver was lost and the session with it; it has ended then.
   *   `no-driver-ready`; the session is as it was, and may be tried again.
   * @param lockSignal ends the wait for other gateways, `signal` also the move itself.
   * @throws the reason of either.
   */
  async move(session: Session, because: MoveCause, signal: AbortSignal, lockSignal = signal): Promise<void> {
    const { store, known } = this.#parts;
    const began = performance.now();
    using held = new DisposableStack();
    held.use(await store.lock(session.key, lockSignal));
    const origin = session.stored.place;
    for (let attempt = 1; ; attempt += 1) {
      await known.read(session);
      const from = session.stored.place;
      if (because === "drain" && from?.driverSessionId !== origin?.driverSessionId) return;
      if (known.place(session) !== undefined && because === "driver-lost") return;
      await this.#assertMovable(session, because);
      const moved = await this.#bring(session, because, signal);
      if (moved === undefined) {
        if (attempt < ATTEMPTS) continue;
        throw new GatewayError(
          "session-busy",
          StatusCode.unavailable,
          `the session ${session.clientId} was changed by another gateway while it was moved: try again`,
        );
      }
      const { driver: to, replayed } = moved;
      this.#parts.events.emit({
        type: "session-moved",
        userId: session.userId,
        sessionId: session.clientId,
        from: from?.driverId ?? "",
        to: to.id,
        because,
        replayed,
        duration: performance.now() - began,
      });
      return;
    }
  }

  async #assertMovable(session: Session, because: MoveCause): Promise<void> {
    const [pin] = session.pins;
    if (pin === undefined) return;
    if (because === "drain") throw new SessionStaysError(pin, true);
    await this.#lose(session, `it could not be moved: ${pin}`);
  }

  /** Undefined when the session is not any more what was read of it. */
  async #bring(session: Session, because: MoveCause, signal: AbortSignal): Promise<Moved | undefined> {
    const tried = new Set<Driver>();
    let refused: ReplayError | undefined;
    for (let broken = 0; broken < BROKEN;) {
      using target = await this.#target(session, because, tried, refused, signal);
      if (target === undefined) break;
      try {
        return await this.#bringTo(session, target, signal);
      } catch (error) {
        if (!(error instanceof ReplayError)) throw error;
        tried.add(target.driver);
        if (error.driverFailed) {
          broken += 1;
          await target.driver.suspect();
        }
        if (refused === undefined || refused.driverFailed) refused = error;
      }
    }
    if (refused === undefined || because === "drain") {
      throw new SessionStaysError(
        refused?.message ?? "no other driver is ready",
        refused?.driverFailed !== false,
        {
          cause: refused,
        },
      );
    }
    if (!refused.driverFailed) return this.#lose(session, refused.message);
    throw new GatewayError("no-driver-ready", StatusCode.unavailable, refused.message, { cause: refused });
  }

  /** Where to try next; undefined when all have been tried. */
  async #target(
    { pool }: Session,
    because: MoveCause,
    tried: Set<Driver>,
    refused: ReplayError | undefined,
    signal: AbortSignal,
  ): Promise<Reservation | undefined> {
    const { placement } = this.#parts;
    const candidate = placement.candidate(pool, tried);
    // On a drain the session can go on where it is, and on another driver's refusal there is nothing to wait for.
    if (candidate !== undefined || because === "drain" || refused?.driverFailed === false) return candidate;
    tried.clear();
    return placement.replace(pool, signal);
  }

  async #bringTo(session: Session, target: Reservation, signal: AbortSignal): Promise<Moved | undefined> {
    const { store, known } = this.#parts;
    const { driver, connection, life } = target;
    const driverSessionId = newDriverSessionId();
    const before = session.stored;
    const old = known.place(session);
    const as = { connection, driverSessionId, userId: session.userId };
    let replayed: number;
    try {
      replayed = await replay(store.entries(session.key), as, signal);
    } catch (error) {
      releaseAt(connection, session.userId, driverSessionId);
      throw error;
    }
    const place = { driverId: driver.id, life, driverSessionId };
    // When the store does not say whether the session is there now, it is to be asked again before the next call.
    const { term } = session;
    session.term = undefined;
    const moved = await store.move(session.key, before.version, place);
    session.term = term;
    if (!moved) {
      releaseAt(connection, session.userId, driverSessionId);
      return undefined;
    }
    if (old !== undefined) releaseAt(old.life, session.userId, old.driverSessionId);
    known.note(session, { place, epoch: before.epoch + 1, version: before.version + 1 });
    session.lastHeard = Date.now();
    return { driver, replayed };
  }

  async #lose(session: Session, reason: string): Promise<never> {
    await this.#parts.known.end(session, { because: "lost", reason });
    throw lostSession(session, reason);
  }
}
