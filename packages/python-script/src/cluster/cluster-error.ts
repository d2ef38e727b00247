/** What a {@link ClusterRunError} says. */
export interface ClusterFailure {
  /** `job-stopped`, `job-not-started`, `lake-unreachable`. */
  readonly code: string;
  readonly message: string;
  /** What to do about it. */
  readonly help?: string;
  readonly details?: readonly string[];
}

/** Thrown when a cluster has taken a script's job, and the script was not started. */
export class ClusterRunError extends Error {
  override readonly name = "ClusterRunError";
  readonly code: string;
  readonly help: string | undefined;
  readonly details: readonly string[];

  constructor(failure: ClusterFailure, options?: ErrorOptions) {
    super(failure.message, options);
    this.code = failure.code;
    this.help = failure.help;
    this.details = failure.details ?? [];
  }
}
