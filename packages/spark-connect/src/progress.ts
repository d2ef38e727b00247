import type {
  ExecutePlanResponse_ExecutionProgress,
  ExecutePlanResponse_Metrics,
} from "./generated/spark/connect/base_pb.js";

/** One stage of a running operation. */
export interface StageProgress {
  readonly id: number;
  readonly tasks: number;
  readonly completedTasks: number;
  readonly bytesRead: number;
  readonly done: boolean;
}

/** How far an operation is, as Spark reports it (`ExecutionProgress`). */
export interface ExecutionProgress {
  readonly stages: readonly StageProgress[];
  readonly runningTasks: number;
}

/** Metrics of one node of the executed plan; `parent` is the `planId` of the node above it. */
export interface ExecutionMetric {
  readonly name: string;
  readonly planId: bigint;
  readonly parent: bigint;
  /** By name; `type` is Spark's unit, e.g. `size`, `timing`, `sum`. */
  readonly values: Readonly<Record<string, { readonly value: bigint; readonly type: string }>>;
}

/** Takes a progress message apart. */
export function toProgress(message: ExecutePlanResponse_ExecutionProgress): ExecutionProgress {
  return {
    stages: message.stages.map((stage) => ({
      id: Number(stage.stageId),
      tasks: Number(stage.numTasks),
      completedTasks: Number(stage.numCompletedTasks),
      bytesRead: Number(stage.inputBytesRead),
      done: stage.done,
    })),
    runningTasks: Number(message.numInflightTasks),
  };
}

/** Takes a metrics message apart. */
export function toMetrics(message: ExecutePlanResponse_Metrics): readonly ExecutionMetric[] {
  return message.metrics.map(({ name, planId, parent, executionMetrics }) => ({
    name,
    planId,
    parent,
    values: Object.fromEntries(
      Object.entries(executionMetrics).map(([key, { value, metricType }]) => [
        key,
        { value, type: metricType },
      ]),
    ),
  }));
}
