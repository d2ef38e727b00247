export type { Diagnostic, Severity } from "./diagnostic.ts";
export type { Position, Span } from "./span.ts";
export type * from "./statement.ts";
