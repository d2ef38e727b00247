import type { Span } from "./span.ts";

/** How a text was written in the script; a `block` is `'''…'''`, raw and often of many lines. */
export type TextForm = "single" | "double" | "block" | "backquote" | "name" | "number";

/** A text as the user wrote it: quotes removed, escapes undone, `${…}` not yet replaced. */
export interface Text {
  readonly form: TextForm;
  readonly value: string;
  /** The text between the quotes: for a block string the first line of Python or SQL starts here. */
  readonly span: Span;
}

/** One `key="value"` of a `where` or `options` clause. Keys may be dotted: `fitParam.0.psNum`. */
export interface Option {
  readonly key: string;
  readonly keySpan: Span;
  readonly value: Text;
}

/** What every statement has: where it stands, from its first word to before its `;`. */
interface StatementBase {
  readonly span: Span;
}

/** A table's or function's name where it is used or made. */
export interface Name {
  readonly value: string;
  readonly span: Span;
}

/** `` format.`path` `` of load, save, train, predict, register, include. */
export interface Source {
  readonly format: Name;
  readonly path: Text;
}

/** `set key = value [where …];` A backquoted value is the SQL or shell text to run. */
export interface SetStatement extends StatementBase {
  readonly kind: "set";
  readonly key: Name;
  readonly value: Text;
  readonly options: readonly Option[];
}

/** `` load format.`path` [where …] as table; `` */
export interface LoadStatement extends StatementBase {
  readonly kind: "load";
  readonly source: Source;
  readonly options: readonly Option[];
  readonly output: Name;
}

/** `select … as table;` or `with … select … as table;` */
export interface SelectStatement extends StatementBase {
  readonly kind: "select";
  /** The Spark SQL without the last `as table`, comments kept; its span starts at `select` or `with`. */
  readonly sql: Text;
  readonly output: Name;
}

/** What a save does with what is there already. */
export type SaveMode = "overwrite" | "append" | "ignore" | "errorIfExists";

/** `` save [mode] table as format.`path` [where …] [partitionBy c1, c2]; `` */
export interface SaveStatement extends StatementBase {
  readonly kind: "save";
  readonly mode: SaveMode;
  readonly input: Name;
  readonly source: Source;
  readonly options: readonly Option[];
  readonly partitionBy: readonly Name[];
}

/** `` train|run|predict table as|into Alg.`path` [where …] [as out]; `` */
export interface AlgorithmStatement extends StatementBase {
  readonly kind: "train" | "run" | "predict";
  readonly input: Name;
  readonly source: Source;
  readonly options: readonly Option[];
  readonly output?: Name;
}

/** `` register Alg.`path` as function [where …]; `` */
export interface RegisterStatement extends StatementBase {
  readonly kind: "register";
  readonly source: Source;
  readonly function: Name;
  readonly options: readonly Option[];
}

/** `` include format.`path` [where …]; `` */
export interface IncludeStatement extends StatementBase {
  readonly kind: "include";
  readonly source: Source;
  readonly options: readonly Option[];
}

/** `connect format where … as name;` */
export interface ConnectStatement extends StatementBase {
  readonly kind: "connect";
  readonly format: Name;
  readonly options: readonly Option[];
  readonly name: Name;
}

/** `create`, `insert`, `drop`, `refresh` (and other Spark SQL commands): sent to Spark SQL as they stand. */
export interface SqlStatement extends StatementBase {
  readonly kind: "sql";
  /** The first word, in lower case. */
  readonly verb: string;
  readonly sql: Text;
}

/** `!name arg arg …;` */
export interface CommandStatement extends StatementBase {
  readonly kind: "command";
  readonly name: Name;
  readonly arguments: readonly Text[];
}

/** A statement of a script, told apart by `kind`. */
export type Statement =
  | SetStatement
  | LoadStatement
  | SelectStatement
  | SaveStatement
  | AlgorithmStatement
  | RegisterStatement
  | IncludeStatement
  | ConnectStatement
  | SqlStatement
  | CommandStatement;

/** A name that a statement would have made, had it parsed. */
export interface LostName {
  readonly kind: "table" | "variable";
  readonly name: Name;
}

/** A parsed script. Statements that did not parse are missing here and named in the diagnostics. */
export interface Script {
  readonly file: string;
  readonly text: string;
  readonly statements: readonly Statement[];
  /** What the statements that did not parse would have made; absent in a script that was not parsed from text. */
  readonly lostNames?: readonly LostName[];
}
