export type { Diagnostic, Severity } from "./diagnostic.ts";
export type { Position, Span } from "./span.ts";
export type * from "./statement.ts";
export { parseScript, type ParseResult } from "./parse-script.ts";
export { suggestName } from "./suggest.ts";
export { Expansion } from "./expansion.ts";
export { statementTitle } from "./statement-title.ts";
export { variableReferences, Variables, type VariableReference, type VariablesOptions } from "./variables.ts";
export { analyzeScript, checkScript, scriptBlocks, type ScriptAnalysis } from "./checks/analyze-script.ts";
export type { CheckContext, IncludedScript } from "./checks/check-context.ts";
export type {
  AlgorithmDescription,
  AlgorithmUse,
  CommandDescription,
  FormatDescription,
  OptionDescription,
  OptionType,
} from "./checks/descriptions.ts";
export type { ScriptBlock, StatementBlocks } from "./checks/script-blocks.ts";
export { renderDiagnostic, type RenderOptions } from "./render-diagnostic.ts";
