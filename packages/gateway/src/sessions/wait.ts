/**
 * The promise, or the signal's reason when that is aborted first.
 * @throws the signal's reason.
 */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => {
    reject(signal.reason as Error);
  };
  signal.addEventListener("abort", onAbort);
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** Lets many wait for something to become true that one place changes. */
export class Condition {
  readonly #waiting = new Set<() => void>();

  /** Something has changed: those who wait look again. */
  changed(): void {
    for (const look of [...this.#waiting]) look();
  }

  /**
   * Tries now and after each change, until it succeeds. What `attempt` looks at and what it does are one step, which
   * nobody comes between.
   * @throws the signal's reason.
   */
  async until(attempt: () => boolean, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    while (!attempt()) {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      const look = () => {
        resolve(undefined);
      };
      this.#waiting.add(look);
      try {
        await untilAborted(promise, signal);
      } finally {
        this.#waiting.delete(look);
      }
    }
  }
}
