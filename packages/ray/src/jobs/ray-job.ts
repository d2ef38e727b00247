/** A job's state in Ray's words: pending until its environment is ready and a node has room for it. */
export type RayJobState = "PENDING" | "RUNNING" | "STOPPED" | "SUCCEEDED" | "FAILED";

/** A job that was submitted through the Jobs API. */
export interface RayJob {
  /** The submission id. */
  readonly id: string;
  readonly state: RayJobState;
  /** Ray's remark on the state. */
  readonly message: string;
  readonly errorType?: string;
  readonly entrypoint: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Milliseconds since 1970. */
  readonly started?: number;
  readonly ended?: number;
  /** The node whose agent keeps the log; absent while the job is pending. */
  readonly node?: string;
  readonly exitCode?: number;
}

/** What to run as a job. */
export interface RayJobRequest {
  /** The submission id; a second job of the same id is refused. */
  readonly id: string;
  /** A command line for the shell. */
  readonly entrypoint: string;
  readonly runtimeEnv: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** What the cluster's Ray is. */
export interface RayJobsVersion {
  /** E.g. `2.60.0`. */
  readonly rayVersion: string;
  /** Of the head node, e.g. `3.11.7`. */
  readonly pythonVersion: string;
}

/** Whether a job is over. */
export const isOver = (job: Pick<RayJob, "state">): boolean =>
  job.state !== "PENDING" && job.state !== "RUNNING";

const STATES: readonly string[] = ["PENDING", "RUNNING", "STOPPED", "SUCCEEDED", "FAILED"];

/** Reads a job of the Jobs API; undefined for what is none (a driver that nobody submitted). */
export function readJob(value: unknown): RayJob | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const fields = value as Readonly<Record<string, unknown>>;
  const { submission_id: id, status, entrypoint } = fields;
  if (typeof id !== "string" || typeof status !== "string" || !STATES.includes(status)) return undefined;
  const errorType = textField(fields.error_type);
  const node = textField(fields.driver_node_id);
  const started = numberField(fields.start_time);
  const ended = numberField(fields.end_time);
  const exitCode = numberField(fields.driver_exit_code);
  return {
    id,
    state: status as RayJobState,
    message: textField(fields.message) ?? "",
    entrypoint: textField(entrypoint) ?? "",
    metadata: (fields.metadata ?? {}) as Readonly<Record<string, string>>,
    ...(errorType === undefined ? {} : { errorType }),
    ...(node === undefined ? {} : { node }),
    ...(started === undefined ? {} : { started }),
    ...(ended === undefined ? {} : { ended }),
    ...(exitCode === undefined ? {} : { exitCode }),
  };
}

const textField = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
const numberField = (value: unknown): number | undefined => (typeof value === "number" ? value : undefined);
