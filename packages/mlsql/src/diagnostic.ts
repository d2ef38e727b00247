import type { Span } from "./span.ts";

/** How bad a finding is: an `error` keeps the script from running, a `warning` does not. */
export type Severity = "error" | "warning";

/** One mistake in a user's script, as data. `code` is stable and kebab-case, e.g. `unknown-table`. */
export interface Diagnostic {
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  readonly span: Span;
  /** What to do about it, as a sentence: a near name, a missing word. */
  readonly suggestion?: string;
  /** The text that would mend `span`, where there is exactly one. */
  readonly replacement?: string;
}
