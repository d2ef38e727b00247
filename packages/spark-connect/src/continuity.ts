import { sparkError } from "./errors.ts";
import type { ExecutePlanResponse, Plan } from "./generated/spark/connect/base_pb.js";

/**
 * Guards a result whose connection broke against lost rows. Apache Spark numbers the rows of its batches
 * (`start_offset`), so that a gap shows. Sail does not, and of what it had sent when the connection broke it repeats
 * nothing after a reattach: 80 batches were missing in every try. Such a result is given up, not resumed.
 */
export class Continuity {
  readonly #isQuery: boolean;
  #broken = false;
  #numbered = false;
  #unnumbered = false;

  constructor(plan: Plan) {
    this.#isQuery = plan.opType.case === "root";
  }

  /** The connection broke, and the operation is about to be taken up again. */
  broken(): void {
    this.#broken = true;
    this.#check(false);
  }

  /** An answer has come. Throws a ConnectionLostError if rows before it may be missing. */
  received({ responseType }: ExecutePlanResponse): void {
    if (responseType.case === "arrowBatch") {
      this.#numbered ||= responseType.value.startOffset !== undefined;
      this.#unnumbered ||= responseType.value.startOffset === undefined;
    }
    this.#check(responseType.case === "resultComplete");
  }

  #check(complete: boolean): void {
    if (this.#broken && (this.#unnumbered || (complete && this.#isQuery && !this.#numbered))) {
      throw sparkError(
        "connection-lost",
        "the connection broke within a result, and this server cannot go on with it without losing rows",
      );
    }
  }
}
