/** What an {@link EngineStartError} says; `details` are the engine's own last words. */
export interface EngineStartFailure {
  /** Stable and kebab-case: `not-set-up`, `port-taken`, `engine-ended`, `engine-timeout`, `java-missing`, … */
  readonly code: string;
  readonly message: string;
  /** What to do about it. */
  readonly help?: string;
  readonly details?: readonly string[];
  readonly cause?: unknown;
}

/** Thrown when an embedded engine cannot be started, reached or ended. */
export class EngineStartError extends Error {
  override readonly name = "EngineStartError";
  readonly code: string;
  readonly help: string | undefined;
  readonly details: readonly string[];

  constructor(failure: EngineStartFailure) {
    super(failure.message, { cause: failure.cause });
    this.code = failure.code;
    this.help = failure.help;
    this.details = failure.details ?? [];
  }
}
