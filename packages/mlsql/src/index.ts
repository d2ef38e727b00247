export type { Diagnostic, Severity } from "./diagnostic.ts";
export type { Position, Span } from "./span.ts";
export type * from "./statement.ts";
export { parseScript, type ParseResult } from "./parse-script.ts";
export { suggestName } from "./suggest.ts";
export { Expansion } from "./expansion.ts";
export { statementTitle } from "./statement-title.ts";
export { variableReferences, Variables, type VariableReference, type VariablesOptions } from "./variables.ts";
