import type { SessionHandle } from "@duet/spark-connect";
import type { SparkSessionStarted } from "./script-message.ts";

/** An interrupt that a server leaves unanswered for so long is not waited for. Milliseconds. */
const INTERRUPT_PATIENCE_MS = 1_500;

/**
 * The Spark sessions of a script's processes. Each is released when this is disposed, also where its process was
 * killed and could not do so.
 */
export class SparkSessions implements AsyncDisposable {
  readonly #handles = new Map<string, Promise<SessionHandle>>();

  /** A process has begun a session. The connection is made ready while the script works. */
  add({ url, userId, sessionId }: SparkSessionStarted, authorities?: string): void {
    if (this.#handles.has(sessionId)) return;
    const trusted = authorities === undefined ? {} : { authorities };
    const handle = openSession({ url, userId, sessionId, userAgent: "duet", ...trusted });
    // What is wrong with an address comes out when it is used.
    handle.catch(() => undefined);
    this.#handles.set(sessionId, handle);
  }

  /** Interrupts what the sessions do now; what they begin later goes on. */
  async interrupt(): Promise<void> {
    const patience = AbortSignal.timeout(INTERRUPT_PATIENCE_MS);
    // Interrupting is a help, not a condition: the sessions are released at the end whatever becomes of it.
    await Promise.allSettled(
      [...this.#handles.values()].map(async (handle) => (await handle).interruptAll(patience)),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      [...this.#handles.values()].map(async (handle) => (await handle)[Symbol.asyncDispose]()),
    );
  }
}

async function openSession(options: ConstructorParameters<typeof SessionHandle>[0]): Promise<SessionHandle> {
  const { SessionHandle: Handle } = await import("@duet/spark-connect");
  return new Handle(options);
}
