import { openChannel } from "./channel.ts";
import { SparkConnectClient } from "./client.ts";
import { parseConnectionUrl } from "./connection-url.ts";
import { DEFAULT_RETRY_POLICY } from "./retry.ts";

/** Which session of another program, and where. */
export interface SessionHandleOptions {
  /** `sc://host:port/;…` as for {@link SparkSession.connect} */
  readonly url: string;
  readonly userId: string;
  readonly sessionId: string;
  /** As for {@link SparkSession.connect}. */
  readonly authorities?: string;
  /** What the server's logs call this program. */
  readonly userAgent: string;
}

/**
 * A session that another program has begun, to interrupt its work and to end it. Opening one sends nothing; disposing
 * it releases the session and never throws: one that has ended, or whose server has, is no failure.
 */
export class SessionHandle implements AsyncDisposable {
  readonly #client: SparkConnectClient;

  /** @throws SparkConnectError `invalid-connection-url`, `invalid-argument` (the authorities cannot be read) */
  constructor({ url, userId, sessionId, userAgent, authorities }: SessionHandleOptions) {
    const channel = openChannel(parseConnectionUrl(url), authorities);
    const retry = { ...DEFAULT_RETRY_POLICY, maxRetries: 0 };
    this.#client = new SparkConnectClient(channel, { userId, sessionId, userAgent }, retry);
  }

  /** Interrupts all operations of the session; gives their ids. */
  interruptAll(signal?: AbortSignal): Promise<readonly string[]> {
    return this.#client.interrupt({ type: "all" }, signal);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#client.close({ release: true });
  }
}
