import { type SessionLocks, lockName } from "./session-locks.ts";
import type { SessionKey, SharedLock } from "./session-store.ts";

interface Waiter {
  readonly exclusive: boolean;
  readonly grant: () => void;
}

interface Lock {
  /** Shares that are held; -1 while it is held alone. */
  holders: number;
  readonly waiting: Set<Waiter>;
}

/**
 * Locks within this process, first come, first served, but for one thing: a call joins those that run, also while a
 * mover waits, so that an operation can always be interrupted.
 */
export class LocalLocks implements SessionLocks {
  readonly #locks = new Map<string, Lock>();

  async share(key: SessionKey, signal: AbortSignal): Promise<SharedLock> {
    const lock = await this.#take(lockName(key), false, signal);
    return {
      term: 0,
      [Symbol.dispose]: () => {
        lock[Symbol.dispose]();
      },
    };
  }

  async lock(key: SessionKey, signal: AbortSignal): Promise<Disposable> {
    return this.#take(lockName(key), true, signal);
  }

  async tellChanged(): Promise<void> {
    // There is no other gateway.
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Nothing outlives the process.
  }

  async #take(name: string, exclusive: boolean, signal: AbortSignal): Promise<Disposable> {
    signal.throwIfAborted();
    const lock = this.#locks.get(name) ?? { holders: 0, waiting: new Set() };
    this.#locks.set(name, lock);
    const free = exclusive
      ? lock.holders === 0
      : lock.holders > 0 || (lock.holders === 0 && lock.waiting.size === 0);
    if (free) lock.holders = exclusive ? -1 : lock.holders + 1;
    else await this.#wait(name, lock, exclusive, signal);
    const held = new DisposableStack();
    held.defer(() => {
      lock.holders = exclusive ? 0 : lock.holders - 1;
      this.#pass(name, lock);
    });
    return held;
  }

  #wait(name: string, lock: Lock, exclusive: boolean, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const waiter = {
      exclusive,
      grant: () => {
        resolve(undefined);
      },
    };
    lock.waiting.add(waiter);
    const onAbort = () => {
      if (!lock.waiting.delete(waiter)) return;
      reject(signal.reason as Error);
      this.#pass(name, lock);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    return promise.finally(() => {
      signal.removeEventListener("abort", onAbort);
    });
  }

  /** Gives the lock to who may have it now. */
  #pass(name: string, lock: Lock): void {
    for (const waiter of lock.waiting) {
      if (lock.holders < 0 || (waiter.exclusive && lock.holders > 0)) return;
      lock.holders = waiter.exclusive ? -1 : lock.holders + 1;
      lock.waiting.delete(waiter);
      waiter.grant();
    }
    if (lock.holders === 0) this.#locks.delete(name);
  }
}
