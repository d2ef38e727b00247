import { setTimeout as sleep } from "node:timers/promises";
import type { ExecutePlanResponse } from "./generated/spark/connect/base_pb.js";

/**
 * How far an operation is, as far as its answers show:
 * - `sent`: the server has not answered yet;
 * - `answered`: it has, but sends no progress (Sail);
 * - `planning`: it sends progress, which shows no stage yet (Apache Spark);
 * - `running`: there are stages, or rows;
 * - `ended`: the result is complete.
 */
type Phase = "sent" | "answered" | "planning" | "running" | "ended";

/** Milliseconds since the phase before that an interrupt waits for the next one. */
const PATIENCE: Readonly<Record<Phase, number>> = {
  sent: 1_000,
  answered: 100,
  planning: 2_500,
  running: 0,
  ended: 0,
};

/**
 * Knows when an operation can be interrupted. An interrupt that reaches Apache Spark (4.3) while it plans ends the
 * operation, but not the job that is being made of it: the job starts all the same, holds its cores, and nothing can
 * stop it any more. So the interrupt waits until the job shows, for as long as planning usually takes.
 */
export class OperationPhase {
  #phase: Phase = "sent";
  #since = Date.now();

  /** Takes note of an answer. */
  received({ responseType }: ExecutePlanResponse): void {
    const phase = this.#next(responseType);
    if (phase !== this.#phase) {
      this.#phase = phase;
      this.#since = Date.now();
    }
  }

  /** Waits until an interrupt reaches the job, at most 3.6 seconds. */
  async interruptible(): Promise<void> {
    while (Date.now() < this.#since + PATIENCE[this.#phase]) {
      await sleep(20);
    }
  }

  #next(response: ExecutePlanResponse["responseType"]): Phase {
    switch (response.case) {
      case "resultComplete":
        return "ended";
      case "arrowBatch":
        return "running";
      case "executionProgress":
        return response.value.stages.length > 0 ||
          response.value.numInflightTasks > 0n ||
          this.#phase === "running"
          ? "running"
          : "planning";
      default:
        return this.#phase === "sent" ? "answered" : this.#phase;
    }
  }
}
