import assert from "node:assert/strict";
import { test } from "node:test";
import stringWidth from "string-width";
import picocolors from "picocolors";
import { tableText } from "./table-text.ts";

const plain = picocolors.createColors(false);

test("numbers stand to the right, text to the left, missing values are NULL", () => {
  const text = tableText(
    {
      name: "t",
      columns: [
        { name: "name", type: "string" },
        { name: "count", type: "bigint" },
      ],
      rows: [
        ["a", 7],
        [null, 12345],
      ],
      truncated: false,
    },
    80,
    plain,
  );
  assert.equal(
    text,
    [
      "t  2 rows",
      "┌──────┬───────┐",
      "│ name │ count │",
      "├──────┼───────┤",
      "│ a    │     7 │",
      "│ NULL │ 12345 │",
      "└──────┴───────┘",
    ].join("\n"),
  );
});

test("no line is wider than the terminal, whatever is in it", () => {
  const columns = Array.from({ length: 30 }, (_, index) => ({ name: `column_${index}`, type: "string" }));
  const cell = "特征工程 and a long text 🚀".repeat(8);
  for (const width of [20, 40, 79, 80, 100, 200]) {
    const text = tableText(
      { name: "wide", columns, rows: [columns.map(() => cell)], truncated: true },
      width,
      plain,
    );
    for (const line of text.split("\n").slice(1)) assert.ok(stringWidth(line) <= width, `${width}: ${line}`);
    assert.match(text, /\d+ more columns/u);
  }
});

test("long cells give way before columns do", () => {
  const columns = [
    { name: "id", type: "int" },
    { name: "text", type: "string" },
    { name: "other", type: "string" },
  ];
  const text = tableText(
    { name: "t", columns, rows: [[1, "x".repeat(200), "y".repeat(200)]], truncated: false },
    60,
    plain,
  );
  assert.match(text, /│ {2}1 │ x+… +│ y+… +│/u);
  assert.doesNotMatch(text, /more column/u);
});

test("nested values are JSON, and the count says what is shown", () => {
  const column = { name: "v", type: "struct<a:int>" };
  const table = {
    name: "t",
    columns: [column],
    rows: [[{ a: 1 }], [[1, null]]],
    truncated: true,
    total: 100_000,
  };
  const text = tableText(table, 80, plain);
  assert.match(text, /\{"a":1\}/u);
  assert.match(text, /\[1,null\]/u);
  assert.match(text, /^t {2}2 of 100,000 rows/u);
  assert.match(tableText({ ...table, rows: [], truncated: false, total: 0 }, 80, plain), /0 rows/u);
});
