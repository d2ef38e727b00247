import { Condition } from "./wait.ts";

/**
 * What a call is to a session that shall move: one that begins something (`work`), or one about something that was begun
 * before (`follow-up`: reattach, release, interrupt), without which that might never end.
 */
export type CallKind = "work" | "follow-up";

/**
 * What a session's calls pass through, so that it stays where it is while one runs. Who moves the session shuts the gate
 * when nothing is within, and whoever comes meanwhile waits. Only one at a time may shut it.
 */
export class Gate {
  readonly #condition = new Condition();
  readonly #holds = new Set<() => void>();
  #running = 0;
  #shut = false;
  #narrow = false;

  /** Calls within. */
  get running(): number {
    return this.#running;
  }

  /** Whether neither a call nor a held operation is within. */
  get isEmpty(): boolean {
    return this.#running === 0 && this.#holds.size === 0;
  }

  /**
   * Lets a call in, at once or when the gate is open again; disposing of what it gives says that the call has ended.
   * @throws the signal's reason.
   */
  async enter(kind: CallKind, signal: AbortSignal): Promise<Disposable> {
    await this.#condition.until(() => {
      if (this.#shut || (this.#narrow && kind === "work")) return false;
      this.#running += 1;
      return true;
    }, signal);
    return once(() => {
      this.#running -= 1;
      this.#condition.changed();
    });
  }

  /**
   * Keeps the gate from being shut for a drain, beyond a call; `released` is called once, when it is disposed of or
   * forgotten.
   */
  hold(released: () => void): Disposable {
    const hold = once(() => {
      this.#holds.delete(release);
      released();
      this.#condition.changed();
    });
    const release = () => {
      hold[Symbol.dispose]();
    };
    this.#holds.add(release);
    return hold;
  }

  /** What was held is gone with its driver: it is not waited for any more. */
  forgetHolds(): void {
    for (const release of [...this.#holds]) release();
  }

  /** Resolves when nothing is within; that may change before the caller goes on. */
  untilEmpty(signal: AbortSignal): Promise<void> {
    return this.#condition.until(() => this.isEmpty, signal);
  }

  /** Shuts the gate if nothing is within; disposing of what it gives opens it again. */
  tryShut(): Disposable | undefined {
    if (this.#shut || !this.isEmpty) return undefined;
    this.#shut = true;
    return once(() => {
      this.#shut = false;
      this.#condition.changed();
    });
  }

  /**
   * Shuts the gate as soon as nothing is within.
   * @throws the signal's reason.
   */
  async shut(signal: AbortSignal): Promise<Disposable> {
    const shut = new DisposableStack();
    await this.#condition.until(() => {
      const done = this.tryShut();
      shut.use(done);
      return done !== undefined;
    }, signal);
    return shut;
  }

  /** Lets no more work in until it is disposed of, so that what is within comes to its end. */
  narrow(): Disposable {
    this.#narrow = true;
    return once(() => {
      this.#narrow = false;
      this.#condition.changed();
    });
  }
}

function once(dispose: () => void): Disposable {
  let disposed = false;
  return {
    [Symbol.dispose]: () => {
      if (disposed) return;
      disposed = true;
      dispose();
    },
  };
}
