/** What a {@link ScriptEnvironmentError} says, as the Python side or a check found it. */
export interface EnvironmentFailure {
  /**
   * Stable and kebab-case: `environment-missing` (the file), `environment-invalid`, `environment-python`,
   * `environment-conflict` (Ray or PySpark), `environment-unsupported`, `environment-failed` (the resolver's own
   * words), `conda-missing`, `uv-missing`, `disk-full`; `python-missing` and `python-unfit` for a given interpreter.
   */
  readonly code: string;
  readonly message: string;
  /** What to do about it. */
  readonly help?: string;
  /** The file that asks for what cannot be had, and its line, from 1. */
  readonly file?: string;
  readonly line?: number;
  readonly cause?: unknown;
}

/** Thrown when a script's Python environment cannot be had; the user can mend it. */
export class ScriptEnvironmentError extends Error {
  override readonly name = "ScriptEnvironmentError";
  readonly code: string;
  readonly help: string | undefined;
  readonly file: string | undefined;
  readonly line: number | undefined;

  constructor(failure: EnvironmentFailure) {
    super(failure.message, { cause: failure.cause });
    this.code = failure.code;
    this.help = failure.help ?? helpFor(failure);
    this.file = failure.file;
    this.line = failure.line;
  }
}

const UNREACHABLE = /error sending request|dns error|connection refused|timed out|network is unreachable/iu;

function helpFor({ code, message }: EnvironmentFailure): string | undefined {
  if (code === "disk-full")
    return "free some space, or remove environments that are no longer used: duet environments prune";
  if (code !== "environment-failed") return undefined;
  return UNREACHABLE.test(message)
    ? "check the network; where only a mirror can be reached, name it in UV_DEFAULT_INDEX"
    : "check the names and versions of the packages that the environment asks for";
}
