import { RESULT_FIELDS } from "../grpc/methods.ts";
import type { ResponseWatch, Translate } from "../grpc/response-rewriter.ts";

const { responseId, resultComplete, arrowBatch, rowCount, chunkIndex, executionProgress, stages } =
  RESULT_FIELDS;

/** Knows from the answers that pass how far an operation is. */
export class ResultWatch implements ResponseWatch {
  readonly lookInto: ReadonlySet<number> = new Set([arrowBatch, executionProgress]);
  /** Rows in the messages that have passed whole. */
  rows = 0;
  /** The last message that has passed whole. */
  lastResponseId: string | undefined;
  /** The result is complete (`ResultComplete`): nothing more will come. */
  complete = false;
  /** When the driver first answered, as `performance.now()` tells it. */
  answeredAt: number | undefined;
  /** Stages or rows have shown: there is a job that an interrupt can stop. */
  running = false;
  #rows = 0;
  #chunk = 0;
  #responseId: string | undefined;

  /** Notes the response's id as it passes. */
  get translations(): readonly (readonly [number, Translate])[] {
    return [[responseId, (value) => (this.#responseId = value)]];
  }

  /** The operation begins anew on another driver. */
  restart(): void {
    this.rows = 0;
    this.complete = false;
    this.lastResponseId = undefined;
    this.answeredAt = undefined;
    this.running = false;
    this.torn();
  }

  /** Another call goes on with it after this response, or from the beginning. */
  goOnAfter(responseId: string | undefined): void {
    this.lastResponseId = responseId;
    if (responseId === undefined) this.rows = 0;
    this.torn();
  }

  /** The stream broke off: of a message that has begun nothing more will come. */
  torn(): void {
    this.#rows = 0;
    this.#chunk = 0;
    this.#responseId = undefined;
  }

  field(number: number): void {
    this.answeredAt ??= performance.now();
    if (number === resultComplete) this.complete = true;
    else if (number === arrowBatch) this.running = true;
  }

  inner(outer: number, number: number, value: number): void {
    if (outer === executionProgress) {
      if (number === stages) this.running = true;
    } else if (number === rowCount) this.#rows = value;
    else if (number === chunkIndex) this.#chunk = value;
  }

  ended(): void {
    // A batch may come in chunks, each of which tells the rows of the whole.
    if (this.#chunk === 0) this.rows += this.#rows;
    this.lastResponseId = this.#responseId ?? this.lastResponseId;
    this.torn();
  }
}
