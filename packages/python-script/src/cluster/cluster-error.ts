/** What a {@link ClusterRunError} says. */
export interface ClusterFailure {
  /** `script-missing`, `script-outside-folder`, `folder-too-large`, `folder-unreadable`. */
  readonly code: string;
  readonly message: string;
  /** What to do about it. */
  readonly help?: string;
  readonly details?: readonly string[];
}

/** Thrown when a script cannot be sent to a cluster; nothing has been started. */
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
