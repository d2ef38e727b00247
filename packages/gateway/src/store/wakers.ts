/** Lets many wait for news about a name, or a while. */
export class Wakers {
  readonly #waiting = new Map<string, Set<() => void>>();

  /** Wakes all who wait for this name. */
  wake(name: string): void {
    for (const wake of this.#waiting.get(name) ?? []) wake();
  }

  /** Resolves when the name is woken, or after these milliseconds; rejects when aborted. */
  async wait(name: string, milliseconds: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const wake = () => {
      resolve(undefined);
    };
    const onAbort = () => {
      reject(signal.reason as Error);
    };
    const waiting = this.#waiting.get(name) ?? new Set();
    this.#waiting.set(name, waiting.add(wake));
    const timer = setTimeout(wake, milliseconds);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      waiting.delete(wake);
      if (waiting.size === 0 && this.#waiting.get(name) === waiting) this.#waiting.delete(name);
    }
  }
}
