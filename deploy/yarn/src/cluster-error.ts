/** Thrown when the cluster cannot do what was asked for a reason that a person can mend or must know. */
export class ClusterError extends Error {
  override readonly name = "ClusterError";
  /** Stable, kebab-case: `daemon-ended`, `port-taken`, … */
  readonly code: string;
  /** What to do about it. */
  readonly help: string;
  /** Lines of a daemon's or tool's own. */
  readonly details: readonly string[];

  constructor(error: {
    readonly code: string;
    readonly message: string;
    readonly help: string;
    readonly details?: readonly string[];
    readonly cause?: unknown;
  }) {
    super(error.message, { cause: error.cause });
    this.code = error.code;
    this.help = error.help;
    this.details = error.details ?? [];
  }

  /** What a terminal prints. */
  get lines(): readonly string[] {
    const details = this.details.map((line) => `  │ ${line}`);
    return [
      `error[${this.code}]: ${this.message}`,
      ...(details.length > 0 ? ["", ...details, ""] : []),
      `what to do: ${this.help}`,
    ];
  }
}
