import type { Driver } from "../drivers/driver.ts";
import type { DriverPool } from "../drivers/pool.ts";
import { GatewayError, StatusCode } from "../grpc/status.ts";
import type { KnownSessions } from "./known-sessions.ts";
import type { Mover } from "./mover.ts";
import type { Session } from "./session.ts";
import { Condition, untilAborted } from "./wait.ts";

/** Brings sessions whose driver was lost to another, when they are called. */
export class FailOver implements Disposable {
  readonly #known: KnownSessions;
  readonly #mover: Mover;
  readonly #patience: number;
  readonly #closing = new AbortController();
  readonly #drivers = new Condition();
  /** Drivers that have been ready, so that it is known which life they have. */
  readonly #met = new WeakSet<Driver>();
  readonly #listening: Disposable;

  /** `patience` is how many milliseconds a session waits for a driver that starts, or for another gateway's calls. */
  constructor(pool: DriverPool, known: KnownSessions, mover: Mover, patience: number) {
    this.#known = known;
    this.#mover = mover;
    this.#patience = patience;
    for (const driver of pool.drivers) if (driver.state === "ready") this.#met.add(driver);
    this.#listening = pool.listen(({ driver }) => {
      if (driver.state === "ready") this.#met.add(driver);
      this.#drivers.changed();
    });
  }

  /**
   * Sees to it that a session has a place, as far as one attempt goes; calls that come meanwhile wait for the same.
   * @throws {GatewayError} `session-lost`, `no-driver-ready`, `session-busy`
   * @throws the signal's reason.
   */
  async settle(session: Session, signal: AbortSignal): Promise<void> {
    const other = session.exclusive;
    if (other !== undefined) {
      // A drain that fails is no reason for the call to fail.
      await untilAborted(
        other.cause === "driver-lost" ? other.done : other.done.catch(() => undefined),
        signal,
      );
      return;
    }
    if (this.#known.place(session) !== undefined) return;
    // Not bound to this call: others may come to wait for it too.
    const done = this.#move(session).finally(() => (session.exclusive = undefined));
    done.catch(() => undefined);
    session.exclusive = { cause: "driver-lost", done };
    await untilAborted(done, signal);
  }

  [Symbol.dispose](): void {
    this.#closing.abort(
      new GatewayError("no-driver-ready", StatusCode.unavailable, "the gateway is being stopped"),
    );
    this.#listening[Symbol.dispose]();
  }

  async #move(session: Session): Promise<void> {
    const closing = this.#closing.signal;
    await this.#untilMet(session, closing);
    if (this.#known.place(session) !== undefined) return;
    const busy = AbortSignal.any([closing, AbortSignal.timeout(this.#patience)]);
    try {
      session.gate.forgetHolds();
      using held = new DisposableStack();
      held.use(await session.gate.shut(busy));
      await this.#mover.move(session, "driver-lost", closing, busy);
    } catch (error) {
      closing.throwIfAborted();
      if (error !== busy.reason) throw error;
      throw new GatewayError(
        "session-busy",
        StatusCode.unavailable,
        `the session ${session.clientId} has to leave its driver, and calls of it have not ended within ` +
          `${this.#patience / 1000} s: try again`,
        { cause: error },
      );
    }
  }

  /** After a restart of the gateway, a driver may turn out to have the life in which the session was made. */
  async #untilMet(session: Session, signal: AbortSignal): Promise<void> {
    const driver = this.#known.driverOf(session);
    if (driver?.state !== "starting" || this.#met.has(driver)) return;
    const due = AbortSignal.any([signal, AbortSignal.timeout(this.#patience)]);
    try {
      await this.#drivers.until(() => driver.state !== "starting", due);
    } catch {
      signal.throwIfAborted(); // Another driver may do.
    }
  }
}
