import { Code, ConnectError } from "@connectrpc/connect";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { SparkConnectClient } from "./client.ts";
import { Continuity } from "./continuity.ts";
import { sparkError } from "./errors.ts";
import type { SparkConnectError } from "./errors.ts";
import type { ExecutePlanResponse, Plan } from "./generated/spark/connect/base_pb.js";
import { OperationPhase } from "./operation-phase.ts";
import { toMetrics, toProgress } from "./progress.ts";
import type { ExecutionMetric, ExecutionProgress } from "./progress.ts";
import { ReleaseSchedule } from "./release-schedule.ts";
import { isConnectionFailure, isRetryable, RetryState } from "./retry.ts";

/** Options of everything that runs in Spark. */
export interface ExecutionOptions {
  /** Interrupts the operation in Spark; the call rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** The operation's id, a UUID; a random one by default. */
  readonly operationId?: string;
  /** Marks the operation for {@link SparkSession.interruptTag}, besides the session's own tags. */
  readonly tags?: readonly string[];
  /** Called as Spark reports stages and tasks. Sail sends no progress. */
  readonly onProgress?: (progress: ExecutionProgress) => void;
  /** Called near the end with the metrics of the plan's nodes. Sail sends none. */
  readonly onMetrics?: (metrics: readonly ExecutionMetric[]) => void;
}

/** A plan with what is known of it at the client. */
export interface PlannedExecution {
  readonly plan: Plan;
  /** The statement that an error's position is about. */
  readonly sql?: string;
  readonly tags: readonly string[];
}

/** A server that ends a stream too early this many times in a row, with nothing new in it, has lost the operation. */
const MAX_EMPTY_REATTACHES = 3;

/** Milliseconds before each try to interrupt an operation that the server may not know yet. */
const INTERRUPT_PAUSES = [0, 200, 1_000];

/** Milliseconds that the server has to answer an interrupt. */
const INTERRUPT_TIMEOUT = 5_000;

/**
 * Runs a plan and gives the server's answers, the last one being `resultComplete`.
 *
 * The execution is reattachable (`ReattachOptions`): when the stream breaks with a retryable error, or when the server
 * ends it before the result is complete, it is taken up again after the last answer that was read. What has been read
 * is released at the server. A consumer that is slow, or stops reading, holds the server back by HTTP/2 flow control.
 *
 * When `signal` is aborted, or the consumer stops early, the operation is interrupted at the server: dropping the
 * stream would let it go on.
 *
 * @throws SparkConnectError, or the signal's reason
 */
export async function* executePlan(
  client: SparkConnectClient,
  { plan, sql, tags }: PlannedExecution,
  options: ExecutionOptions = {},
): AsyncGenerator<ExecutePlanResponse, void, undefined> {
  const { signal } = options;
  signal?.throwIfAborted();
  const operation = new Operation(client, plan, [...tags, ...(options.tags ?? [])], options.operationId);
  const onAbort = () => {
    operation.interrupt();
  };
  signal?.addEventListener("abort", onAbort);
  try {
    for await (const response of operation.responses()) {
      signal?.throwIfAborted();
      report(response, options);
      yield response;
      signal?.throwIfAborted();
    }
    signal?.throwIfAborted();
  } catch (error) {
    signal?.throwIfAborted();
    throw await client.toError(error, sql);
  } finally {
    signal?.removeEventListener("abort", onAbort);
    await operation.end();
  }
}

function report(response: ExecutePlanResponse, options: ExecutionOptions): void {
  if (response.responseType.case === "executionProgress") {
    options.onProgress?.(toProgress(response.responseType.value));
  }
  if (response.metrics !== undefined) {
    options.onMetrics?.(toMetrics(response.metrics));
  }
}

/** One operation at the server, over as many streams as it takes. */
class Operation {
  readonly id: string;
  readonly #client: SparkConnectClient;
  readonly #plan: Plan;
  readonly #tags: readonly string[];
  readonly #releases: ReleaseSchedule;
  readonly #streams = new AbortController();
  readonly #phase: OperationPhase;
  #continuity: Continuity;
  #lastResponseId: string | undefined;
  #ended = false;
  #unreachable = false;
  #interruption: Promise<void> | undefined;

  constructor(client: SparkConnectClient, plan: Plan, tags: readonly string[], id: string = randomUUID()) {
    this.#client = client;
    this.#plan = plan;
    this.#phase = new OperationPhase({ reportsProgress: client.isApacheSpark });
    this.#continuity = new Continuity(plan);
    this.#tags = tags;
    this.id = id;
    this.#releases = new ReleaseSchedule((responseId) => client.releaseExecute(id, responseId));
  }

  /** All answers, without gaps or repetitions. Throws what gRPC throws. */
  async *responses(): AsyncGenerator<ExecutePlanResponse, void, undefined> {
    const retries = new RetryState(this.#client.retry);
    let stream = this.#execute();
    let emptyStreams = 0;
    for (;;) {
      const previous = this.#lastResponseId;
      try {
        for await (const response of stream.responses) {
          this.#client.verify(response);
          retries.reset();
          this.#lastResponseId = response.responseId;
          this.#ended = response.responseType.case === "resultComplete";
          this.#phase.received(response);
          this.#continuity.received(response);
          this.#releases.received(response);
          yield response;
        }
        if (this.#ended) {
          return;
        }
        emptyStreams = this.#lastResponseId === previous ? emptyStreams + 1 : 0;
        if (this.#isInterrupted() || emptyStreams > MAX_EMPTY_REATTACHES) {
          throw interruptedError();
        }
        stream = this.#reattach({ afterEnd: true });
      } catch (error) {
        stream = await this.#recover(error, stream, retries);
        if (this.#ended) {
          return;
        }
      }
    }
  }

  /** Stops the operation at the server and then the stream. Does nothing when it is on its way already. */
  interrupt(): void {
    this.#interruption ??= this.#interruptAtServer().finally(() => {
      this.#streams.abort();
    });
  }

  /** Leaves nothing of the operation behind, at the server or on the connection. */
  async end(): Promise<void> {
    if (!this.#ended && !this.#unreachable) {
      this.interrupt();
    }
    await this.#interruption;
    this.#streams.abort();
    if (!this.#unreachable) {
      void this.#client.releaseExecute(this.id);
    }
    this.#client.forget(this.id);
  }

  /** The stream to go on with after an error; throws the error if there is none. */
  async #recover(error: unknown, stream: ResponseStream, retries: RetryState): Promise<ResponseStream> {
    if (error instanceof ConnectError && stream.type === "reattach") {
      if (isUnknownAtServer(error)) {
        if (stream.afterEnd) {
          throw interruptedError(error);
        }
        if (this.#lastResponseId !== undefined) {
          throw sparkError(
            "connection-lost",
            "the server has lost the operation after a part of its result",
            {
              cause: error,
            },
          );
        }
        // The plan never reached the server, so that it can be sent again without running twice.
        this.#continuity = new Continuity(this.#plan);
        return this.#execute();
      }
      if (error.code === Code.Unimplemented && stream.afterEnd) {
        // Servers before Spark 3.5 know no reattachable execution: there the end of the stream is the end.
        this.#ended = true;
        return stream;
      }
    }
    this.#ended = error instanceof ConnectError && !isRetryable(error);
    try {
      await retries.wait(error, this.#streams.signal);
    } catch (last) {
      this.#unreachable = isConnectionFailure(last);
      throw last;
    }
    this.#continuity.broken();
    return this.#reattach({ afterEnd: false });
  }

  #execute(): ResponseStream {
    const request = {
      ...this.#client.requestBase(),
      operationId: this.id,
      plan: this.#plan,
      tags: [...this.#tags],
      requestOptions: [
        { requestOption: { case: "reattachOptions" as const, value: { reattachable: true } } },
        {
          requestOption: { case: "resultChunkingOptions" as const, value: { allowArrowBatchChunking: true } },
        },
      ],
    };
    const responses = this.#client.service.executePlan(request, { signal: this.#streams.signal });
    return { type: "execute", responses, afterEnd: false };
  }

  #reattach({ afterEnd }: { afterEnd: boolean }): ResponseStream {
    const request = {
      ...this.#client.requestBase(),
      operationId: this.id,
      ...(this.#lastResponseId !== undefined && { lastResponseId: this.#lastResponseId }),
    };
    const responses = this.#client.service.reattachExecute(request, { signal: this.#streams.signal });
    return { type: "reattach", responses, afterEnd };
  }

  #isInterrupted(): boolean {
    return this.#interruption !== undefined || this.#client.wasInterrupted(this.id);
  }

  /** The interrupt may overtake the plan on its way, so that it is repeated while the server has not answered yet. */
  async #interruptAtServer(): Promise<void> {
    await this.#phase.interruptible();
    for (const pause of INTERRUPT_PAUSES) {
      await sleep(pause);
      if (this.#ended) {
        return;
      }
      try {
        const target = { type: "operation", operationId: this.id } as const;
        const stopped = await this.#client.interrupt(target, AbortSignal.timeout(INTERRUPT_TIMEOUT));
        if (stopped.length > 0 || this.#lastResponseId !== undefined) {
          return;
        }
      } catch {
        // A server that cannot be told to stop cannot be told anything; the caller learns why it was stopped.
        return;
      }
    }
  }
}

/** Answers of one call. */
interface ResponseStream {
  readonly type: "execute" | "reattach";
  readonly responses: AsyncIterable<ExecutePlanResponse>;
  /** Whether the stream before this one ended with status OK, yet without `resultComplete`. */
  readonly afterEnd: boolean;
}

/** Sail ends an interrupted operation's stream with status OK and forgets it; a partial result must not pass for a whole. */
function interruptedError(cause?: ConnectError): SparkConnectError {
  return sparkError("operation-cancelled", "the operation was interrupted before its result was complete", {
    cause,
  });
}

function isUnknownAtServer(error: ConnectError): boolean {
  return /INVALID_HANDLE\.(OPERATION|SESSION)_NOT_FOUND|operation not found/i.test(error.rawMessage);
}
