import type { SessionKey, SharedLock } from "./session-store.ts";

/** Who may call a session and who may move it, as `SessionStore.share` and `lock` say. */
export interface SessionLocks extends AsyncDisposable {
  share(key: SessionKey, signal: AbortSignal): Promise<SharedLock>;
  lock(key: SessionKey, signal: AbortSignal): Promise<Disposable>;
  /** Lets the other gateways know that a session is not what they have read of it: their next shares get a new term. */
  tellChanged(key: SessionKey): Promise<void>;
}

/** The text that names a session among others. */
export function lockName({ userId, clientId }: SessionKey): string {
  return JSON.stringify([userId, clientId]);
}
