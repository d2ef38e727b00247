import type { JsonValue } from "./json-value.ts";
import type { ObjectRef } from "./object-ref.ts";
import type { RayEvent } from "./ray-event.ts";
import type { ServedFunction } from "./serve-function.ts";
import type { RayTask, TaskRequest } from "./task-request.ts";

/** A machine of the cluster with its total resources, e.g. `{ CPU: 8, GPU: 1, memory: 1.6e10 }`. */
export interface RayNode {
  readonly id: string;
  readonly address: string;
  readonly resources: Readonly<Record<string, number>>;
}

/** What stands behind a bridge. */
export interface RayCluster {
  readonly rayVersion: string;
  readonly pythonVersion: string;
  /** `host:port` of Ray's control service (GCS): what a Ray driver of its own connects to. */
  readonly gcsAddress: string;
  /** The file with Ray's own token, on this machine, of a Ray that the bridge has started. */
  readonly tokenPath?: string;
  readonly nodes: readonly RayNode[];
}

/**
 * A connection to a bridge. When Ray or the bridge is lost, all that waits rejects with the code `ray-lost`, within
 * 10 s at most. Disposing it disconnects; what its runs have left is ended by the bridge 5 s later.
 */
export interface RayClient extends AsyncDisposable {
  /** As it was when the client connected. */
  readonly cluster: RayCluster;
  /** Submits a task at once; whatever is wrong with it surfaces in `result()`. */
  submit(task: TaskRequest): RayTask;
  /** The living nodes now. */
  resources(options?: { readonly signal?: AbortSignal }): Promise<readonly RayNode[]>;
  /**
   * Puts a table into Ray. Each chunk is one whole Arrow IPC stream (what Spark Connect sends as `arrow_batch.data`);
   * all of one schema, at least one. They are passed on undecoded. `rows` is what is expected, and is checked.
   */
  putTable(
    ipcStreams: AsyncIterable<Uint8Array>,
    options: { readonly run: string; readonly signal?: AbortSignal; readonly rows?: number },
  ): Promise<{ readonly ref: ObjectRef; readonly rows: number; readonly bytes: number }>;
  /** The chunks of one Arrow IPC stream. Waits for the task whose value it is; throws `not-a-table` for others. */
  getTable(ref: ObjectRef, options?: { readonly signal?: AbortSignal }): AsyncIterable<Uint8Array>;
  putJson(
    value: JsonValue,
    options: { readonly run: string; readonly signal?: AbortSignal },
  ): Promise<ObjectRef>;
  /** The value of a ref: waits for the task whose value it is; throws `not-json` where JSON cannot hold it. */
  getJson(ref: ObjectRef, options?: { readonly signal?: AbortSignal }): Promise<JsonValue>;
  /** Lets go of objects early. Unknown ones and those of running tasks are passed over. */
  release(refs: Iterable<ObjectRef>): void;
  /**
   * Ends a run: cancels what still runs, by force after 2 s, nested tasks too; waits for its end; delivers the last
   * events and ends their streams; drops all refs. Nothing happens for a run that is unknown.
   */
  endRun(run: string): Promise<void>;
  /**
   * What happens to a run's tasks from the moment of the call, not of the first read. Ends with the run or when the
   * signal is aborted; throws `ray-lost`.
   */
  events(options: { readonly run: string; readonly signal?: AbortSignal }): AsyncIterable<RayEvent>;
  /**
   * Has the tasks of another driver's Ray job (Ray's id, e.g. `02000000`) told among the run's events, until the job
   * or the run ends. `endRun` waits for the job's end, 5 s at most; whatever still lived then is told as cancelled.
   * A second time is harmless.
   */
  watchJob(run: string, job: string): void;
  /**
   * Makes a Python environment ready and gives Ray's `runtime_env` for it. What an environment may say is up to
   * `duet/environment`. `onLine` gets what the installer prints. Throws `environment-…` codes.
   */
  environment(
    specification: JsonValue,
    options: {
      readonly run: string;
      readonly signal?: AbortSignal;
      readonly onLine?: (line: string) => void;
    },
  ): Promise<JsonValue>;
  /**
   * Serves a model as a function until its run ends. What the specification may hold is up to `duet/functions.py`.
   * Rejects with what kept the model from loading.
   */
  serveFunction(
    specification: Readonly<Record<string, JsonValue>>,
    options: { readonly run: string; readonly signal?: AbortSignal },
  ): Promise<ServedFunction>;
}
