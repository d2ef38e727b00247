import type { SessionKey, SharedLock } from "./session-store.ts";

/** Who may call a session and who may move it, as `SessionStore.share` and `lock` say. */
export interface SessionLocks extends AsyncDisposable {
  share(key: SessionKey, signal: AbortSignal): Promise<SharedLock>;
  lock(key: SessionKey, signal: AbortSignal): Promise<Disposable>;
}

/** The text that names a session among others. */
export function lockName({ userId, clientId }: SessionKey): string {
  return JSON.stringify([userId, clientId]);
}
