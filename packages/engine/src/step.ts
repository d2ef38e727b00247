import type { Statement } from "@duet/mlsql";
import type { ExecutionOptions } from "@duet/spark-connect";
import type { EngineName } from "./run-event.ts";
import type { Run } from "./run.ts";

/** What a statement has done: the table that it made, and how many rows where that is known. */
export interface StepResult {
  /** A table of the session; shown at the end of the run when this is the last step. */
  readonly table?: string;
  readonly rows?: number;
  /** Whether the table has been shown already. */
  readonly shown?: boolean;
}

/** One statement while it runs. */
export class Step {
  readonly index: number;
  readonly run: Run;
  readonly statement: Statement;
  readonly engineTime = new Map<EngineName, number>();

  constructor(index: number, run: Run, statement: Statement) {
    this.index = index;
    this.run = run;
    this.statement = statement;
  }

  /** Tells the reader of the run what the step does at this moment. */
  status(status: string): void {
    this.run.emit({ type: "step-status", step: this.index, status });
  }

  /** Options for work of Spark: it ends with the run, and its progress is the step's. */
  get sparkOptions(): ExecutionOptions {
    return {
      signal: this.run.signal,
      onProgress: ({ stages, runningTasks }) => {
        this.run.emit({
          type: "spark-progress",
          step: this.index,
          stages: stages.map(({ id, tasks, completedTasks, bytesRead }) => ({
            id,
            tasks,
            completed: completedTasks,
            bytesRead,
          })),
          runningTasks,
        });
      },
    };
  }

  /** Waits for `work` and counts its time for an engine, in this step and in the run. */
  async timed<T>(engine: EngineName, work: Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await this.run.timed(engine, work);
    } finally {
      this.engineTime.set(engine, (this.engineTime.get(engine) ?? 0) + performance.now() - start);
    }
  }
}
