import type { JsonValue } from "./json-value.ts";

/** An error as the bridge describes it. */
export interface ErrorDescription {
  readonly code: string;
  readonly message: string;
  readonly rayType?: string;
  readonly traceback?: string;
  readonly details?: Readonly<Record<string, JsonValue>>;
}

/**
 * Thrown for everything that goes wrong with Ray or the bridge.
 *
 * Codes: `task-failed` (the function raised), `python-exit`, `python-syntax-error`, `python-module-missing`,
 * `dependency-failed`, `worker-crashed`, `out-of-memory`, `node-lost`, `object-lost`, `task-cancelled`,
 * `task-unschedulable`, `task-invalid`, `environment-failed`, `not-json`, `not-a-table`, `table-invalid`,
 * `ref-unknown`, `run-ended`, `unauthorized`, `bridge-unreachable`, `bridge-failed`, `ray-lost`, and codes that the
 * task's own Python gives its errors (`duet.errors.DuetError`).
 */
export class RayError extends Error {
  override readonly name = "RayError";
  readonly code: string;
  /** The exception's class in Python. */
  readonly rayType: string | undefined;
  /** Python's traceback, without frames of the bridge. */
  readonly traceback: string | undefined;
  readonly details: Readonly<Record<string, JsonValue>>;

  constructor(description: ErrorDescription, options?: ErrorOptions) {
    super(description.message, options);
    this.code = description.code;
    this.rayType = description.rayType;
    this.traceback = description.traceback;
    this.details = description.details ?? {};
  }
}
