import type { SqlPosition } from "./errors.ts";

/**
 * Finds the place of a mistake in what an engine says about it. Spark says `(line 1, pos 13)` or `line 1 pos 14`,
 * with positions from 0, or `== SQL (line 1, position 8) ==`, from 1. Sail says `found x at 13:14` (start and end in
 * bytes of UTF-8) or `found end of input`; for these the statement itself is needed.
 */
export function findSqlPosition(message: string, sql: string | undefined): SqlPosition | undefined {
  const fromOne = /== SQL[^=]*\(line (\d+), position (\d+)\) ==/.exec(message);
  if (fromOne !== null) {
    return { line: Number(fromOne[1]), column: Number(fromOne[2]) };
  }
  const fromZero = /\bline (\d+),? pos (\d+)\b/.exec(message);
  if (fromZero !== null) {
    return { line: Number(fromZero[1]), column: Number(fromZero[2]) + 1 };
  }
  if (sql === undefined) {
    return undefined;
  }
  const offset = /^invalid argument: found [\s\S]*? at (\d+):\d+ expected /.exec(message)?.[1];
  if (offset !== undefined) {
    return positionAt(sql, Buffer.from(sql).subarray(0, Number(offset)).toString().length);
  }
  return message.startsWith("invalid argument: found end of input expected ")
    ? positionAt(sql, sql.trimEnd().length)
    : undefined;
}

function positionAt(sql: string, offset: number): SqlPosition {
  const before = sql.slice(0, offset);
  const lineStart = before.lastIndexOf("\n") + 1;
  return { line: before.split("\n").length, column: offset - lineStart + 1, offset };
}
