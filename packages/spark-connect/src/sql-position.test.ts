import assert from "node:assert/strict";
import { test } from "node:test";
import { findSqlPosition } from "./sql-position.ts";

test("Spark's positions from zero and from one", () => {
  const parse =
    "[PARSE_SYNTAX_ERROR] Syntax error at or near 'x'. SQLSTATE: 42601 (line 2, pos 6)\n\n== SQL ==\n…";
  assert.deepEqual(findSqlPosition(parse, undefined), { line: 2, column: 7 });
  assert.deepEqual(findSqlPosition("… cannot be found. SQLSTATE: 42P01; line 1 pos 14", undefined), {
    line: 1,
    column: 15,
  });
  const run = "[CAST_INVALID_INPUT] …\n== SQL (line 1, position 8) ==\nselect cast('a' as int)";
  assert.deepEqual(findSqlPosition(run, undefined), { line: 1, column: 8 });
  const view = "[DIVIDE_BY_ZERO] …\n== SQL of VIEW v (line 3, position 2) ==\n1/0";
  assert.deepEqual(findSqlPosition(view, undefined), { line: 3, column: 2 });
});

test("Sail's offsets, which count bytes", () => {
  const sql = "select '中文字',\n x y z w from t";
  const message = "invalid argument: found z at 25:26 expected ',', or end of input";
  assert.deepEqual(findSqlPosition(message, sql), { line: 2, column: 6, offset: 19 });
  assert.equal(sql[19], "z");
  assert.deepEqual(findSqlPosition("invalid argument: found end of input expected '+'", "select 1 +\n"), {
    line: 1,
    column: 11,
    offset: 10,
  });
});

test("no position where none is told, or the statement is not known", () => {
  assert.equal(findSqlPosition("Table not found: t", "select * from t"), undefined);
  assert.equal(findSqlPosition("invalid argument: found z at 25:26 expected ','", undefined), undefined);
});
