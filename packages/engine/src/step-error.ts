import type { Diagnostic, Span } from "@duet/mlsql";

/** What a {@link StepError} is made from: a diagnostic whose severity is `error`. */
export type Failure = Omit<Diagnostic, "severity">;

/** Thrown by a step for what is the user's to mend: one or more mistakes, each with its place in the script. */
export class StepError extends Error {
  override readonly name = "StepError";
  readonly diagnostics: readonly Diagnostic[];

  constructor(failures: readonly Failure[], options?: ErrorOptions) {
    super(failures.map((failure) => `${failure.code}: ${failure.message}`).join("\n"), options);
    this.diagnostics = failures.map((failure) => ({ ...failure, severity: "error" }));
  }

  /** The usual case of one mistake at one place. */
  static at(span: Span, code: string, message: string, suggestion?: string, cause?: unknown): StepError {
    const failure: Failure = { code, message, span, ...(suggestion === undefined ? {} : { suggestion }) };
    return new StepError([failure], cause === undefined ? undefined : { cause });
  }
}
