import type { IToken } from "chevrotain";
import type { Diagnostic } from "./diagnostic.ts";
import type { Script as ScriptNode } from "./generated/ast.ts";
import { findMistakes, missingSemicolonAt } from "./parser/find-mistakes.ts";
import { mlsqlServices } from "./parser/langium-parser.ts";
import { Lowering } from "./parser/lower.ts";
import { brokenToken } from "./parser/broken-token.ts";
import { lostNames } from "./parser/lost-names.ts";
import { SourceText } from "./source-text.ts";
import type { LostName, Option, Script, Statement } from "./statement.ts";

/** What came of parsing: the statements that parsed, and every syntax mistake in the order of the text. */
export interface ParseResult {
  readonly script: Script;
  readonly diagnostics: readonly Diagnostic[];
}

/** Statements between two `;`: one, or more where a `;` is missing. */
interface Chunk {
  readonly tokens: readonly IToken[];
  readonly start: number;
  readonly end: number;
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
  for (const chunk of chunks(mlsqlServices().parser.Lexer.tokenize(text).tokens)) {
    const broken = chunk.tokens.flatMap((token) => brokenToken(source, token) ?? []);
    const parsed = broken.length > 0 ? undefined : parseChunk(source, chunk, diagnostics);
    if (parsed) {
      statements.push(...parsed);
      continue;
    }
    const found = broken.length > 0 ? broken : findMistakes(source, chunk.tokens);
    if (found.length === 0)
      throw new Error(`The parser refuses ${file}:${source.position(chunk.start).line} for no reason.`);
    diagnostics.push(...found);
    lost.push(...lostNames(source, chunk.tokens));
  }
  return { script: { file, text, statements, lostNames: lost }, diagnostics };
}

function* chunks(tokens: readonly IToken[]): Generator<Chunk> {
  let first = 0;
  for (let index = 0; index <= tokens.length; index++) {
    if (index < tokens.length && tokens[index]?.image !== ";") continue;
    const inside = tokens.slice(first, index);
    first = index + 1;
    const [start, last] = [inside[0], inside.at(-1)];
    if (start && last)
      yield { tokens: inside, start: start.startOffset, end: last.startOffset + last.image.length };
  }
}

function parseChunk(
  source: SourceText,
  chunk: Chunk,
  diagnostics: Diagnostic[],
): readonly Statement[] | undefined {
  const { value, parserErrors } = mlsqlServices().parser.LangiumParser.parse<ScriptNode>(
    source.text.slice(chunk.start, chunk.end),
  );
  if (parserErrors.length > 0) return undefined;
  const lowering = new Lowering(source, chunk.start);
  return value.statements.map((node, index) => {
    const statement = lowering.statement(node);
    if (index < value.statements.length - 1)
      diagnostics.push(missingSemicolonAt(source, statement.span.end.offset));
    if ("options" in statement) diagnostics.push(...unquotedValues(statement.options));
    return statement;
  });
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
