import { createClient } from "@connectrpc/connect";
import type { CallOptions, Client } from "@connectrpc/connect";
import type { Channel } from "./channel.ts";
import { sparkError } from "./errors.ts";
import {
  InterruptRequest_InterruptType as InterruptType,
  SparkConnectService,
} from "./generated/spark/connect/base_pb.js";
import type { FetchErrorDetailsResponse } from "./generated/spark/connect/base_pb.js";
import { withRetries } from "./retry.ts";
import type { RetryPolicy } from "./retry.ts";
import { toSparkError } from "./server-error.ts";

/** Who calls: goes with every request. */
export interface ClientIdentity {
  readonly userId: string;
  /** A UUID that the client chooses. */
  readonly sessionId: string;
  /** Program and versions, for the server's logs. */
  readonly userAgent: string;
}

/** Fields that Spark Connect's answers share. */
interface SessionResponse {
  readonly sessionId: string;
  readonly serverSideSessionId: string;
}

/** What an interrupt is aimed at. */
export type InterruptTarget =
  | { readonly type: "all" }
  | { readonly type: "tag"; readonly tag: string }
  | { readonly type: "operation"; readonly operationId: string };

/** Interrupts and releases must not hang on a dead server: they get this many milliseconds. */
const CLEANUP_TIMEOUT = 5_000;

/**
 * The calls of Spark Connect's service for one session: identity, integrity of the answers, retries, errors. The
 * execution of plans is in `execution.ts`.
 */
export class SparkConnectClient {
  readonly identity: ClientIdentity;
  readonly retry: RetryPolicy;
  readonly service: Client<typeof SparkConnectService>;
  readonly #channel: Channel;
  readonly #interrupted = new Set<string>();
  readonly #background = new Set<Promise<void>>();
  #serverSideSessionId: string | undefined;

  constructor(channel: Channel, identity: ClientIdentity, retry: RetryPolicy) {
    this.#channel = channel;
    this.identity = identity;
    this.retry = retry;
    this.service = createClient(SparkConnectService, channel.transport);
  }

  /** The fields that every request has. */
  requestBase(): {
    sessionId: string;
    userContext: { userId: string };
    clientType: string;
    clientObservedServerSideSessionId?: string;
  } {
    const { sessionId, userId, userAgent } = this.identity;
    return {
      sessionId,
      userContext: { userId },
      clientType: userAgent,
      ...(this.#serverSideSessionId !== undefined && {
        clientObservedServerSideSessionId: this.#serverSideSessionId,
      }),
    };
  }

  /**
   * Makes a call that has one answer, again if the policy says so.
   *
   * @throws SparkConnectError, or the signal's reason
   */
  async call<T extends SessionResponse>(
    signal: AbortSignal | undefined,
    method: (options: CallOptions) => Promise<T>,
    options: { readonly retry?: RetryPolicy; readonly sql?: string } = {},
  ): Promise<T> {
    signal?.throwIfAborted();
    try {
      const response = await withRetries(options.retry ?? this.retry, signal, () =>
        method(signal === undefined ? {} : { signal }),
      );
      this.verify(response);
      return response;
    } catch (error) {
      signal?.throwIfAborted();
      throw await this.toError(error, options.sql);
    }
  }

  /** Turns what a call threw into this package's errors; see `server-error.ts`. */
  toError(thrown: unknown, sql?: string): Promise<unknown> {
    return toSparkError(thrown, (errorId) => this.#fetchErrorDetails(errorId), sql);
  }

  /** Checks that an answer is for this session, on the server that it began on. */
  verify({ sessionId, serverSideSessionId }: SessionResponse): void {
    if (sessionId !== "" && sessionId !== this.identity.sessionId) {
      throw sparkError("protocol-error", `the server answered for the session ${sessionId}`);
    }
    if (serverSideSessionId === "") {
      return;
    }
    this.#serverSideSessionId ??= serverSideSessionId;
    if (this.#serverSideSessionId !== serverSideSessionId) {
      throw sparkError("session-expired", "the server has been restarted and has lost the session");
    }
  }

  /** Whether the server is Apache Spark: it gives each session an id of its own, where Sail repeats the client's. */
  get isApacheSpark(): boolean {
    return this.#serverSideSessionId !== undefined && this.#serverSideSessionId !== this.identity.sessionId;
  }

  /** Interrupts operations; gives the ids of those that the server stopped. */
  async interrupt(target: InterruptTarget, signal?: AbortSignal): Promise<readonly string[]> {
    const { interruptedIds } = await this.call(signal, (options) =>
      this.service.interrupt({ ...this.requestBase(), ...interruptFields(target) }, options),
    );
    for (const id of interruptedIds) {
      this.#interrupted.add(id);
    }
    return interruptedIds;
  }

  /** Whether this client has interrupted the operation. Needed since Sail just ends the stream then, without an error. */
  wasInterrupted(operationId: string): boolean {
    return this.#interrupted.has(operationId);
  }

  /** An operation has ended: nothing needs to be remembered of it. */
  forget(operationId: string): void {
    this.#interrupted.delete(operationId);
  }

  /** Lets the server drop answers of an operation: all, or up to one. Runs beside; `close` waits for it. */
  releaseExecute(operationId: string, untilResponseId?: string): Promise<void> {
    const released = this.service
      .releaseExecute(
        {
          ...this.requestBase(),
          operationId,
          release:
            untilResponseId === undefined
              ? { case: "releaseAll", value: {} }
              : { case: "releaseUntil", value: { responseId: untilResponseId } },
        },
        { timeoutMs: CLEANUP_TIMEOUT },
      )
      .then(
        () => undefined,
        // By the protocol a lost release is harmless: servers drop abandoned operations by themselves.
        () => undefined,
      )
      .finally(() => this.#background.delete(released));
    this.#background.add(released);
    return released;
  }

  /** Ends the session on the server if `release`, then the connection. Never throws. */
  async close({ release }: { release: boolean }): Promise<void> {
    await Promise.all(this.#background);
    if (release) {
      try {
        await this.service.releaseSession(this.requestBase(), { timeoutMs: CLEANUP_TIMEOUT });
      } catch {
        // The session is being left for good: a server that is gone or has dropped it already is no failure.
      }
    }
    this.#channel.close();
  }

  async #fetchErrorDetails(errorId: string): Promise<FetchErrorDetailsResponse | undefined> {
    try {
      return await this.service.fetchErrorDetails(
        { ...this.requestBase(), errorId },
        { timeoutMs: CLEANUP_TIMEOUT },
      );
    } catch {
      // The error itself is at hand and is what the caller must see, with or without these details.
      return undefined;
    }
  }
}

function interruptFields(target: InterruptTarget) {
  switch (target.type) {
    case "all":
      return { interruptType: InterruptType.ALL };
    case "tag":
      return {
        interruptType: InterruptType.TAG,
        interrupt: { case: "operationTag", value: target.tag },
      } as const;
    case "operation":
      return {
        interruptType: InterruptType.OPERATION_ID,
        interrupt: { case: "operationId", value: target.operationId },
      } as const;
  }
}
