import { setTimeout as pause } from "node:timers/promises";
import { Client, type QueryResultRow } from "pg";
import { connectionConfig } from "./postgres-pool.ts";
import { isConnectionFailure, postgresFailure } from "./postgres-failure.ts";
import { storeUnavailable } from "./store-failure.ts";

/** The name under which other gateways see the connections that hold locks. */
export const LOCK_APPLICATION = "duet-gateway-locks";

const FIRST_PAUSE = 25;

const LONGEST_PAUSE = 500;

/** What a {@link LockConnection} is, and whom it tells what. */
export interface LockConnectionOptions {
  readonly url: string;
  /** The store's name in errors. */
  readonly name: string;
  /** Milliseconds that a statement waits for a connection. */
  readonly patience: number;
  /** Where notifications are heard. */
  readonly channel: string;
  /** A notification, also one of its own. */
  onNotice(payload: string): void;
  /** The connection has broken, and all locks on it are gone; a new one is being made. */
  onLost(): void;
}

/** The one connection on which a gateway holds its advisory locks: opened anew whenever it breaks. */
export class LockConnection implements AsyncDisposable {
  readonly #options: LockConnectionOptions;
  readonly #end = new AbortController();
  #client: Promise<Client>;
  #open: Client | undefined;
  #failure: unknown;

  constructor(options: LockConnectionOptions) {
    this.#options = options;
    this.#client = this.#connect();
  }

  /**
   * Asks for rows; statements are answered in the order in which they are asked. One that the connection breaks under
   * is asked again, since its locks are gone whatever it did.
   * @throws {GatewayError} `store-unavailable`, when there is no connection within the patience.
   */
  async ask<Row extends QueryResultRow>(statement: string, values: readonly unknown[]): Promise<Row[]> {
    const due = performance.now() + this.#options.patience;
    for (;;) {
      const client = await this.#connected(due);
      try {
        const { rows } = await client.query<Row>(statement, [...values]);
        return rows;
      } catch (error) {
        const over = this.#end.signal.aborted;
        if (over || !isConnectionFailure(error)) throw this.#unavailable(error);
        this.#lose(client, error);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    const client = await this.#client.catch(() => undefined);
    await client?.end();
  }

  async #connected(due: number): Promise<Client> {
    const { promise: tooLate, reject } = Promise.withResolvers<never>();
    const late = () => {
      reject(this.#unavailable(this.#failure ?? new Error("timeout expired")));
    };
    const timer = setTimeout(late, Math.max(0, due - performance.now()));
    try {
      return await Promise.race([this.#client, tooLate]);
    } finally {
      clearTimeout(timer);
    }
  }

  #connect(): Promise<Client> {
    const connecting = this.#keepConnecting();
    // Who asks for something hears of it.
    connecting.catch(() => undefined);
    return connecting;
  }

  async #keepConnecting(): Promise<Client> {
    const { signal } = this.#end;
    for (let wait = FIRST_PAUSE; ; wait = Math.min(wait * 2, LONGEST_PAUSE)) {
      signal.throwIfAborted();
      const client = new Client({
        ...connectionConfig(this.#options.url),
        application_name: LOCK_APPLICATION,
      });
      client.on("error", (error) => {
        this.#lose(client, error);
      });
      client.on("notification", ({ payload }) => {
        this.#options.onNotice(payload ?? "");
      });
      try {
        await client.connect();
        await client.query(`listen ${this.#options.channel}`);
        this.#open = client;
        return client;
      } catch (error) {
        this.#failure = error;
        client.end().catch(() => undefined);
      }
      await pause(wait, undefined, { signal });
    }
  }

  #lose(client: Client, error: unknown): void {
    if (this.#open !== client || this.#end.signal.aborted) return;
    this.#open = undefined;
    this.#failure = error;
    client.end().catch(() => undefined);
    this.#client = this.#connect();
    this.#options.onLost();
  }

  #unavailable(error: unknown): unknown {
    const failure = postgresFailure(error);
    return failure === undefined ? error : storeUnavailable(this.#options.name, failure, error);
  }
}
