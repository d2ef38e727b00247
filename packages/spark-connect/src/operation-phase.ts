import { setTimeout as sleep } from "node:timers/promises";
import type { ExecutePlanResponse } from "./generated/spark/connect/base_pb.js";

/**
 * How far an operation is, as far as its answers show:
 * - `sent`: the server has not answered yet;
 * - `planning`: it has, but no stage and no row has shown;
 * - `running`: there are stages, or rows;
 * - `ended`: the result is complete.
 */
type Phase = "sent" | "planning" | "running" | "ended";

/** Milliseconds in a phase after which an interrupt does not wait for the next one any more. */
const PATIENCE: Readonly<Record<Phase, number>> = { sent: 1_000, planning: 2_500, running: 0, ended: 0 };

/**
 * Knows when an operation can be interrupted. An interrupt that reaches Apache Spark (4.3) while it plans ends the
 * operation, but not the job that is being made of it: the job starts all the same, holds its cores, and nothing can
 * stop it any more. So the interrupt waits until the job shows in the reports of progress, for as long as planning
 * usually takes. Servers without these reports are interrupted once they have answered.
 */
export class OperationPhase {
  readonly #reportsProgress: boolean;
  #phase: Phase = "sent";
  #since = Date.now();

  constructor({ reportsProgress }: { reportsProgress: boolean }) {
    this.#reportsProgress = reportsProgress;
  }

  /** Takes note of an answer. */
  received({ responseType }: ExecutePlanResponse): void {
    const phase = this.#next(responseType);
    if (phase !== this.#phase) {
      this.#phase = phase;
      this.#since = Date.now();
    }
  }

  /** Waits until an interrupt reaches the job, at most 3.5 seconds. */
  async interruptible(): Promise<void> {
    while (Date.now() < this.#since + PATIENCE[this.#phase]) {
      await sleep(20);
    }
  }

  #next(response: ExecutePlanResponse["responseType"]): Phase {
    if (response.case === "resultComplete") {
      return "ended";
    }
    const hasStages = response.case === "executionProgress" && response.value.stages.length > 0;
    const isRunning = hasStages || response.case === "arrowBatch" || !this.#reportsProgress;
    return isRunning || this.#phase === "running" ? "running" : "planning";
  }
}
