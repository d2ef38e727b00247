import type { Span } from "@duet/mlsql";
import { SparkConnectError, type SqlPosition } from "@duet/spark-connect";
import { offsetSpan } from "./line-span.ts";
import type { Step } from "./step.ts";
import { type Failure, StepError } from "./step-error.ts";

/** A text of the script that an error of Spark may be about: SQL, a path, a table's name. */
export interface SparkErrorPlace {
  readonly value: string;
  readonly span: Span;
}

/** Stable codes for the errors that users meet most, by Spark's error class. */
const CODES: Readonly<Record<string, string>> = {
  TABLE_OR_VIEW_NOT_FOUND: "table-not-found",
  SCHEMA_NOT_FOUND: "database-not-found",
  UNRESOLVED_COLUMN: "column-not-found",
  UNRESOLVED_ROUTINE: "function-not-found",
  PATH_NOT_FOUND: "path-not-found",
  DATA_SOURCE_NOT_FOUND: "unknown-format",
};

/** Waits for Spark's work; its errors become errors of the script, at the place that they are about. */
export async function withSparkErrors<T>(
  step: Step,
  at: SparkErrorPlace | undefined,
  work: Promise<T>,
): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof SparkConnectError) || step.run.signal.aborted) throw error;
    throw new StepError([sparkFailure(step, at, error)], { cause: error });
  }
}

function sparkFailure(step: Step, at: SparkErrorPlace | undefined, error: SparkConnectError): Failure {
  const name = missingName(error);
  const code = CODES[error.errorClass?.split(".")[0] ?? ""] ?? name?.code ?? error.code;
  const place = at === undefined ? step.statement.span : placeInText(step, at, error, name?.name);
  const state =
    error.errorClass === undefined
      ? ""
      : ` [${error.errorClass}${error.sqlState === undefined ? "" : `, SQL state ${error.sqlState}`}]`;
  return {
    code,
    message: `${step.run.sparkName}: ${error.rawMessage.trim()}${error.rawMessage.includes(error.errorClass ?? "\0") ? "" : state}`,
    span: place,
  };
}

/** Sail tells neither class nor parameters of an unknown name, only a sentence with the name in it. */
function missingName(error: SparkConnectError): { readonly code: string; readonly name: string } | undefined {
  const message = error.rawMessage;
  const column = /Identifier\("([^"]+)"\)\]\) is missing from the schema/u.exec(message)?.[1];
  if (column !== undefined) return { code: "column-not-found", name: column };
  const table =
    /(?:Table or view not found|Table not found)[^:]*: (?:\[[A-Z_]+\] Table or view not found: )?([\w.`]+)/iu.exec(
      message,
    )?.[1];
  if (table !== undefined) return { code: "table-not-found", name: table };
  const routine = /unknown function: (\w+)/u.exec(message)?.[1];
  if (routine !== undefined) return { code: "function-not-found", name: routine };
  const parameter =
    error.messageParameters.objectName ??
    error.messageParameters.relationName ??
    error.messageParameters.routineName;
  return parameter === undefined ? undefined : { code: error.code, name: parameter.replaceAll("`", "") };
}

/** The nearest place in the user's text: where Spark says, else where the name that it misses stands, else all of it. */
function placeInText(
  step: Step,
  at: SparkErrorPlace,
  error: SparkConnectError,
  name: string | undefined,
): Span {
  const source = step.run.sources.get(at.span.file);
  const start = at.span.start.offset;
  if (source?.startsWith(at.value, start) !== true) return at.span;
  const sent = step.run.variables.expandWithMap(at.value);
  const sentOffset = positionOffset(sent.text, error.position ?? contextPosition(error));
  if (sentOffset !== undefined) {
    const offset = sent.originalOffset(sentOffset);
    const word = /^[\p{L}\p{N}_.`]+/u.exec(at.value.slice(offset))?.[0] ?? at.value.slice(offset, offset + 1);
    return offsetSpan(source, at.span.file, start + offset, start + offset + Math.max(1, word.length));
  }
  for (const part of name === undefined ? [] : [name, name.split(".").at(-1) ?? name]) {
    const found = new RegExp(`(?<![\\p{L}\\p{N}_])${escapeRegExp(part)}(?![\\p{L}\\p{N}_])`, "iu").exec(
      at.value,
    );
    if (found !== null)
      return offsetSpan(source, at.span.file, start + found.index, start + found.index + part.length);
  }
  return at.span;
}

function contextPosition(error: SparkConnectError): SqlPosition | undefined {
  const index =
    error.queryContexts.find((context) => context.type === "sql" && context.objectName === "")?.startIndex ??
    -1;
  return index < 0 ? undefined : { line: 1, column: index + 1, offset: index };
}

function positionOffset(text: string, position: SqlPosition | undefined): number | undefined {
  if (position === undefined) return undefined;
  if (position.offset !== undefined) return position.offset < text.length ? position.offset : undefined;
  const lines = text.split("\n");
  if (position.line > lines.length) return undefined;
  const before = lines.slice(0, position.line - 1).reduce((sum, line) => sum + line.length + 1, 0);
  return Math.min(before + position.column - 1, text.length - 1);
}

function escapeRegExp(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/gu, "\\$&");
}
