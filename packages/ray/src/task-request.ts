import type { JsonValue } from "./json-value.ts";
import type { ObjectRef } from "./object-ref.ts";

/**
 * A Python function: one that can be imported beside Ray, or one in a source text that is shipped (once). `file` and
 * `firstLine` (from 1) say where the text stands, for tracebacks.
 */
export type FunctionReference =
  | { readonly module: string; readonly name: string }
  | { readonly source: string; readonly name: string; readonly file?: string; readonly firstLine?: number };

/** Ray's options of a task; without them it takes one CPU and is tried again 3 times when its worker dies. */
export interface TaskOptions {
  /** Fractions are allowed; 0 lets it run beside others. */
  readonly numCpus?: number;
  readonly numGpus?: number;
  /** Bytes to reserve; Ray does not hold the task to it. */
  readonly memory?: number;
  readonly resources?: Readonly<Record<string, number>>;
  /** How often the task is tried again when its worker process dies. */
  readonly maxRetries?: number;
  /** Ray's `runtime_env`, e.g. what `RayClient.environment` gives. */
  readonly runtimeEnvironment?: JsonValue;
}

/** A task to submit. */
export interface TaskRequest {
  readonly function: FunctionReference;
  readonly arguments?: readonly (JsonValue | ObjectRef)[];
  readonly keywordArguments?: Readonly<Record<string, JsonValue | ObjectRef>>;
  readonly options?: TaskOptions;
  /** For people; the function's name by default. */
  readonly name?: string;
  /** What it belongs to: `RayClient.endRun` ends all of it. */
  readonly run: string;
  /** Comes back on the task's events. */
  readonly label?: string;
}

/** A task that has been submitted. */
export interface RayTask {
  readonly id: string;
  /** The task's value, as an argument for other tasks. */
  readonly ref: ObjectRef;
  /**
   * Waits for the task's end and gives its value. A table stays in Ray and gives `{ rows, bytes, columns }`. NaN and
   * infinities become null. Everything that the task has printed has been delivered as events before.
   *
   * @throws RayError as the task failed; `not-json` for a value that JSON cannot hold: it stays in Ray, and `ref`
   * names it. Aborting the signal ends the wait, not the task.
   */
  result(options?: { readonly signal?: AbortSignal }): Promise<JsonValue>;
  /**
   * Cancels the task and all that it has started: with KeyboardInterrupt, which a single long call into C (a sleep,
   * a fit) only notices at its end, or by killing its worker with `force`.
   * Resolves when the task has ended, in whichever way; nothing happens when it has ended already.
   */
  cancel(options?: { readonly force?: boolean }): Promise<void>;
}
