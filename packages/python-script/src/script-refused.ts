/** Where and how to mend a {@link ScriptRefused}. */
export interface RefusalDetails {
  readonly help?: string;
  readonly file?: string;
  /** From 1. */
  readonly line?: number;
}

/** Thrown when a script cannot run as it is asked to; nothing of it has run. */
export class ScriptRefused extends Error {
  override readonly name = "ScriptRefused";
  /** Stable and kebab-case: `classic-spark-needed`. */
  readonly code: string;
  readonly help: string | undefined;
  readonly file: string | undefined;
  readonly line: number | undefined;

  constructor(code: string, message: string, details: RefusalDetails = {}) {
    super(message);
    this.code = code;
    this.help = details.help;
    this.file = details.file;
    this.line = details.line;
  }
}
