import { setTimeout as sleep } from "node:timers/promises";
import type { Driver } from "../drivers/driver.ts";
import type { KnownSessions } from "./known-sessions.ts";
import { type Mover, SessionStaysError } from "./mover.ts";
import type { Occupancy } from "./occupancy.ts";
import type { Placement } from "./placement.ts";
import type { Session } from "./session.ts";
import { Condition } from "./wait.ts";

/** Journals that are replayed at once while a driver drains: the other drivers have clients to serve. */
const AT_ONCE = 4;

/** Milliseconds before a session is tried again that other drivers have failed to take. */
const PAUSE = 1_000;

/** Milliseconds after which a session whose calls never cease gets no new ones until it has moved. */
const NARROW_AFTER = 10_000;

/** What a drain works with. */
export interface DrainParts {
  readonly known: KnownSessions;
  readonly occupancy: Occupancy;
  readonly placement: Placement;
  readonly mover: Mover;
}

/** Moves all sessions off a driver, each when it has no operation running. */
export class Drain {
  readonly #parts: DrainParts;
  readonly #driver: Driver;
  readonly #signal: AbortSignal;
  readonly #turns = new Condition();
  #replaying = 0;

  /** Aborting `signal` ends the drain; sessions that have not moved then stay. */
  constructor(parts: DrainParts, driver: Driver, signal: AbortSignal) {
    this.#parts = parts;
    this.#driver = driver;
    this.#signal = signal;
  }

  /** Resolves when no session that can be moved is left, or the drain was ended. */
  async run(): Promise<void> {
    const begun = new Set<Session>();
    const running = new Set<Promise<void>>();
    for (;;) {
      // Sessions come also during a drain: clones live where their original does.
      for (const session of this.#parts.occupancy.of(this.#driver)) {
        if (begun.has(session)) continue;
        begun.add(session);
        const moved = this.#moveOff(session).finally(() => running.delete(moved));
        running.add(moved);
      }
      if (running.size === 0) return;
      await Promise.race(running);
    }
  }

  /** Never rejects. */
  async #moveOff(session: Session): Promise<void> {
    const began = performance.now();
    while (!this.#signal.aborted && this.#isHere(session)) {
      const stays = await this.#tryMove(session, began);
      session.stays = stays?.message;
      if (stays === undefined) continue;
      if (!stays.forNow) return;
      await this.#untilChanged(session).catch(() => undefined);
    }
    session.stays = undefined;
  }

  /** Resolves when a move may go better: what held the session here has ended, or a while has passed. */
  async #untilChanged(session: Session): Promise<void> {
    const { length } = session.pins;
    if (length === 0) await sleep(PAUSE, undefined, { signal: this.#signal });
    else {
      const changed = () => !this.#isHere(session) || session.pins.length < length;
      await session.condition.until(changed, this.#signal);
    }
  }

  /** Gives why the session stays, if it does. */
  async #tryMove(session: Session, began: number): Promise<SessionStaysError | undefined> {
    try {
      await this.#parts.placement.untilReady(session.pool, this.#signal);
      while (session.exclusive !== undefined) await session.exclusive.done.catch(() => undefined);
      const { promise: done, resolve } = Promise.withResolvers<undefined>();
      session.exclusive = { cause: "drain", done };
      try {
        await this.#moveWhenEmpty(session, began);
      } finally {
        session.exclusive = undefined;
        resolve(undefined);
      }
      return undefined;
    } catch (error) {
      if (error instanceof SessionStaysError) return error;
      const { message } = error as Error;
      return this.#isHere(session) ? new SessionStaysError(message, true, { cause: error }) : undefined;
    }
  }

  async #moveWhenEmpty(session: Session, began: number): Promise<void> {
    const signal = this.#signal;
    using narrowing = new DisposableStack();
    const timer = setTimeout(
      () => narrowing.use(session.gate.narrow()),
      Math.max(0, NARROW_AFTER - (performance.now() - began)),
    );
    narrowing.defer(() => {
      clearTimeout(timer);
    });
    for (;;) {
      await session.gate.untilEmpty(signal);
      using held = new DisposableStack();
      held.use(await this.#turn());
      const shut = session.gate.tryShut();
      if (shut === undefined) continue;
      held.use(shut);
      await this.#parts.mover.move(session, "drain", signal);
      return;
    }
  }

  async #turn(): Promise<Disposable> {
    await this.#turns.until(() => {
      if (this.#replaying === AT_ONCE) return false;
      this.#replaying += 1;
      return true;
    }, this.#signal);
    const turn = new DisposableStack();
    turn.defer(() => {
      this.#replaying -= 1;
      this.#turns.changed();
    });
    return turn;
  }

  #isHere(session: Session): boolean {
    const { known } = this.#parts;
    return known.get(session.key) === session && known.place(session)?.driver === this.#driver;
  }
}
