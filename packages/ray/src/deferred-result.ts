/** A promise with its two ends that nobody needs to await: it never counts as an unhandled rejection. */
export class DeferredResult<T> {
  readonly #resolvers = Promise.withResolvers<T>();
  #settled = false;

  constructor() {
    this.#resolvers.promise.catch(() => undefined);
  }

  /** Whether it has been resolved or rejected. */
  get settled(): boolean {
    return this.#settled;
  }

  resolve(value: T): void {
    this.#settled = true;
    this.#resolvers.resolve(value);
  }

  reject(error: unknown): void {
    this.#settled = true;
    this.#resolvers.reject(error);
  }

  /** Waits for the value; rejects with the signal's reason when that is aborted first. */
  async wait(signal?: AbortSignal): Promise<T> {
    if (signal === undefined) return this.#resolvers.promise;
    signal.throwIfAborted();
    const aborted = Promise.withResolvers<never>();
    const abort = (): void => {
      aborted.reject(signal.reason);
    };
    signal.addEventListener("abort", abort, { once: true });
    try {
      return await Promise.race([this.#resolvers.promise, aborted.promise]);
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }
}
