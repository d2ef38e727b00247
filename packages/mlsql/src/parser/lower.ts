import type { AstNode } from "langium";
import type * as ast from "../generated/ast.ts";
import type { SourceText } from "../source-text.ts";
import type { Name, Option, SaveMode, Source, Statement, Text } from "../statement.ts";
import { readName, readText } from "./text.ts";

const SAVE_MODES: Readonly<Record<string, SaveMode>> = {
  overwrite: "overwrite",
  append: "append",
  ignore: "ignore",
  errorifexists: "errorIfExists",
};

/** Turns Langium's nodes into the statements of `statement.ts`; `base` is where the parsed text starts. */
export class Lowering {
  readonly #source: SourceText;
  readonly #base: number;

  constructor(source: SourceText, base: number) {
    this.#source = source;
    this.#base = base;
  }

  /** The offsets in the script that a node covers. */
  range(node: AstNode): readonly [start: number, end: number] {
    const written = node.$cstNode;
    if (!written) throw new Error(`The parser made a ${node.$type} without its place in the text.`);
    return [this.#base + written.offset, this.#base + written.end];
  }

  /** A parsed statement in the form that the rest of Duet works with. */
  statement(node: ast.Statement): Statement {
    const [start, end] = this.range(node);
    const span = this.#source.span(start, end);
    switch (node.$type) {
      case "SetStatement":
        return {
          kind: "set",
          span,
          key: this.#name(node.key),
          value: this.#text(node.value),
          options: this.#options(node),
        };
      case "LoadStatement": {
        const output = this.#name(node.output);
        return {
          kind: "load",
          span,
          source: this.#sourceOf(node.source),
          options: this.#options(node),
          output,
        };
      }
      case "SelectStatement":
        return { kind: "select", span, sql: this.#sql(start, node.sql), output: this.#name(node.output) };
      case "SaveStatement":
        return {
          kind: "save",
          span,
          mode: SAVE_MODES[node.mode?.toLowerCase() ?? ""] ?? "errorIfExists",
          input: this.#name(node.input),
          source: this.#sourceOf(node.source),
          options: this.#options(node),
          partitionBy: node.partitionBy.map((column) => this.#name(column)),
        };
      case "AlgorithmStatement":
        return {
          kind: node.kind.toLowerCase() as "train" | "run" | "predict",
          span,
          input: this.#name(node.input),
          source: this.#sourceOf(node.source),
          options: this.#options(node),
          ...(node.output && { output: this.#name(node.output) }),
        };
      case "RegisterStatement": {
        const name = this.#name(node.function);
        return {
          kind: "register",
          span,
          source: this.#sourceOf(node.source),
          function: name,
          options: this.#options(node),
        };
      }
      case "IncludeStatement":
        return { kind: "include", span, source: this.#sourceOf(node.source), options: this.#options(node) };
      case "ConnectStatement": {
        const [format, name] = [this.#name(node.format), this.#name(node.name)];
        return { kind: "connect", span, format, options: this.#options(node), name };
      }
      case "SqlStatement":
        return {
          kind: "sql",
          span,
          verb: /^\w+/.exec(node.sql)?.[0].toLowerCase() ?? "",
          sql: this.#sql(start, node.sql),
        };
      case "CommandStatement": {
        const name = {
          value: node.name.slice(1),
          span: this.#source.span(start + 1, start + node.name.length),
        };
        return {
          kind: "command",
          span,
          name,
          arguments: node.arguments.map((argument) => this.#text(argument)),
        };
      }
    }
  }

  #name(node: AstNode): Name {
    return readName(this.#source, ...this.range(node));
  }

  #text(node: AstNode): Text {
    return readText(this.#source, ...this.range(node));
  }

  #sql(start: number, sql: string): Text {
    return { form: "name", value: sql, span: this.#source.span(start, start + sql.length) };
  }

  #options(node: { readonly options: readonly ast.Option[] }): readonly Option[] {
    return node.options.map((option) => {
      const key = this.#name(option.key);
      return { key: key.value, keySpan: key.span, value: this.#text(option.value) };
    });
  }

  /** The last part is the path. Unquoted parts after the first belong to it: `hive.db1.table1`. */
  #sourceOf(node: ast.Source): Source {
    const ranges = node.parts.map((part) => this.range(part));
    const [firstStart, firstEnd] = ranges[0] ?? [0, 0];
    const [lastStart, lastEnd] = ranges.at(-1) ?? [0, 0];
    const path = readText(this.#source, lastStart, lastEnd);
    if (path.form === "name" || path.form === "number") {
      const secondStart = ranges[1]?.[0] ?? lastStart;
      return {
        format: readName(this.#source, firstStart, firstEnd),
        path: readText(this.#source, secondStart, lastEnd),
      };
    }
    return { format: readName(this.#source, firstStart, ranges.at(-2)?.[1] ?? firstEnd), path };
  }
}
