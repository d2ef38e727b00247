import type { Span } from "../span.ts";

/** Where tables (in lower case) and variables are first made, for those that are used before. */
export interface LaterNames {
  readonly tables: ReadonlyMap<string, Span>;
  readonly variables: ReadonlyMap<string, Span>;
}

/** A line in words, as seen from another place: `line 3`, or `line 3 of other.mlsql`. */
export function lineFrom(here: Span, there: Span): string {
  return `line ${there.start.line}${there.file === here.file ? "" : ` of ${there.file}`}`;
}
