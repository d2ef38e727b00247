import type { Expansion } from "../expansion.ts";
import type { SourceText } from "../source-text.ts";
import type { Span } from "../span.ts";
import type { AlgorithmStatement, RegisterStatement, Text } from "../statement.ts";
import { names } from "./check-options.ts";
import { descriptionOf } from "./option-names.ts";
import type { Scope, ScriptText } from "./scope.ts";
import { spanInText } from "./text-span.ts";

/** A text in a script that is code of another language: Python, or the YAML of an environment. */
export interface ScriptBlock {
  /** The table that names it, or the option that holds it. */
  readonly name: string;
  /** The variable behind the table; absent where the code stands in the option itself. */
  readonly variable?: string;
  /** The code with the script's variables put in. */
  readonly source: string;
  readonly file: string;
  /** The line and column of `file`, from 1, at which `source` begins. */
  readonly firstLine: number;
  readonly firstColumn: number;
  /** The stretch between the quotes. */
  readonly span: Span;
  /** The place in the script of a stretch of `source`, by offsets. */
  place(start: number, end: number): Span;
}

/** The code that one statement uses. */
export interface StatementBlocks {
  readonly statement: AlgorithmStatement | RegisterStatement;
  readonly python: readonly ScriptBlock[];
  readonly environments: readonly ScriptBlock[];
}

/**
 * The code that a statement uses, as its options name it: each block once, in their order. Tables whose text is
 * not in the script, or not known before it runs, are left out.
 */
export function blocksOf(
  scope: Scope,
  sources: ReadonlyMap<string, SourceText>,
  statement: AlgorithmStatement | RegisterStatement,
): StatementBlocks {
  const algorithm = scope.context.algorithms.find(({ name }) => name === statement.source.format.value);
  const python = new Map<string, ScriptBlock>();
  const environments = new Map<string, ScriptBlock>();
  for (const option of statement.options) {
    const type = descriptionOf(option.key, algorithm?.options ?? [])?.type;
    const value = scope.valueOf(option.value);
    if (value === undefined || type === undefined) continue;
    if (type === "python") {
      const expansion = scope.variables.expandWithMap(option.value.value);
      python.set(option.key, blockOf(sources, option.key, option.value, expansion));
    }
    if (type !== "script-table" && type !== "script-tables" && type !== "environment-table") continue;
    const target = type === "environment-table" ? environments : python;
    for (const name of names(value)) {
      const script = scope.tables.get(name.toLowerCase())?.script;
      if (script && !target.has(name)) target.set(name, tableBlock(sources, name, script));
    }
  }
  return { statement, python: [...python.values()], environments: [...environments.values()] };
}

function tableBlock(sources: ReadonlyMap<string, SourceText>, name: string, script: ScriptText): ScriptBlock {
  return { ...blockOf(sources, name, script.text, script.expansion), variable: script.variable };
}

function blockOf(
  sources: ReadonlyMap<string, SourceText>,
  name: string,
  text: Text,
  expansion: Expansion,
): ScriptBlock {
  const { file, start } = text.span;
  return {
    name,
    source: expansion.text,
    file,
    firstLine: start.line,
    firstColumn: start.column,
    span: text.span,
    place: (from, to) => {
      const source = sources.get(file);
      if (!source) return text.span;
      return spanInText(
        source,
        text,
        expansion.originalOffset(from),
        expansion.originalEnd(Math.max(from, to)),
      );
    },
  };
}
