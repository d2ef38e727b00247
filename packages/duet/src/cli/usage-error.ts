/** Thrown for a mistake in the command line. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  /** What to do about it. */
  readonly help: string | undefined;

  constructor(message: string, help?: string) {
    super(message);
    this.help = help;
  }
}
