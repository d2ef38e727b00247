import type { Diagnostic } from "./diagnostic.ts";
import type { Script as ScriptNode } from "./generated/ast.ts";
import { findMistake } from "./parser/find-mistake.ts";
import { mlsqlServices } from "./parser/langium-parser.ts";
import { Lowering } from "./parser/lower.ts";
import { brokenToken } from "./parser/broken-token.ts";
import { lostNames } from "./parser/lost-names.ts";
import { splitStatements, type StatementTokens } from "./parser/split-statements.ts";
import { SourceText } from "./source-text.ts";
import type { LostName, Option, Script, Statement } from "./statement.ts";

/** What came of parsing: the statements that parsed, and every syntax mistake in the order of the text. */
export interface ParseResult {
  readonly script: Script;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Parses a script. Never throws: mistakes are diagnostics, found statement by statement so that one does not
 * hide another. `file` is the name that diagnostics carry.
 */
export function parseScript(text: string, file: string): ParseResult {
  const source = new SourceText(file, text);
  const statements: Statement[] = [];
  const diagnostics: Diagnostic[] = [];
  const lost: LostName[] = [];
  for (const part of splitStatements(text, mlsqlServices().parser.Lexer.tokenize(text).tokens)) {
    const broken = part.tokens.flatMap((token) => brokenToken(source, token) ?? []);
    const parsed = broken.length > 0 ? undefined : parseStatement(source, part);
    if (parsed) {
      statements.push(...parsed.statements);
      diagnostics.push(...parsed.diagnostics);
      if (part.missingSemicolon) diagnostics.push(missingSemicolon(source, part.end));
      continue;
    }
    diagnostics.push(...(broken.length > 0 ? broken : [mistake(source, part)]));
    lost.push(...lostNames(source, part.tokens));
  }
  return { script: { file, text, statements, lostNames: lost }, diagnostics };
}

interface ParsedStatements {
  readonly statements: readonly Statement[];
  readonly diagnostics: readonly Diagnostic[];
}

/** One statement, or those on one line with no `;` between them; undefined where the text does not parse. */
function parseStatement(source: SourceText, part: StatementTokens): ParsedStatements | undefined {
  const { value, parserErrors } = mlsqlServices().parser.LangiumParser.parse<ScriptNode>(
    source.text.slice(part.start, part.end),
  );
  if (parserErrors.length > 0) return undefined;
  const lowering = new Lowering(source, part.start);
  const statements = value.statements.map((node) => lowering.statement(node));
  const diagnostics = statements.flatMap((statement, index) => [
    ...("options" in statement ? unquotedValues(statement.options) : []),
    ...(index < statements.length - 1 ? [missingSemicolon(source, statement.span.end.offset)] : []),
  ]);
  return { statements, diagnostics };
}

function mistake(source: SourceText, part: StatementTokens): Diagnostic {
  const found = findMistake(source, part.tokens);
  if (found) return found;
  // The grammar and the search for mistakes disagree: say at least where.
  const message = "this statement is not MLSQL";
  return { code: "syntax-error", severity: "error", message, span: source.span(part.start, part.end) };
}

function missingSemicolon(source: SourceText, end: number): Diagnostic {
  return {
    code: "missing-semicolon",
    severity: "error",
    message: "a `;` is missing after this statement",
    span: source.span(Math.max(0, end - 1), end),
    suggestion: "End the statement with `;`.",
  };
}

function unquotedValues(options: readonly Option[]): readonly Diagnostic[] {
  return options
    .filter(({ value }) => value.form === "name" || value.form === "number")
    .map(({ key, value }) => ({
      code: "unquoted-value",
      severity: "error",
      message: `the value of the option \`${key}\` needs quotes`,
      span: value.span,
      suggestion: `Write ${key}="${value.value}".`,
      replacement: `"${value.value}"`,
    }));
}
