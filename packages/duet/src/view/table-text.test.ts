import assert from "node:assert/strict";
import { test } from "node:test";
import picocolors from "picocolors";
import { fitCell } from "./cell-text.ts";
import { tableText } from "./table-text.ts";
import { textWidth } from "./text-width.ts";

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

const cell = "特征工程 and a long text 🚀".repeat(8);
const columns = Array.from({ length: 30 }, (_, index) => ({ name: `column_${index}`, type: "string" }));
const row = columns.map(() => cell);

for (const rows of [1, 2, 9]) {
  test(`no line is wider than the terminal, with ${rows} rows`, () => {
    for (const width of [20, 40, 79, 80, 100, 200]) {
      const table = { name: "wide", columns, rows: Array.from({ length: rows }, () => row), truncated: true };
      const lines = tableText(table, width, plain).split("\n").slice(1);
      assert.ok(lines.length > 3);
      for (const line of lines) assert.ok(textWidth(line) <= width, `${width}: ${line}`);
      if (rows === 9) assert.match(lines.at(-1) ?? "", /^\d+ more columns/u);
    }
  });
}

test("few rows that are too wide stand side by side", () => {
  const table = {
    name: "training",
    columns: ["modelPath", "score", "metrics", "status"].map((name) => ({ name, type: "string" })),
    rows: [0, 1].map((group) => [`/tmp/m/_model_1/${group}`, 0.123456789 + group, { accuracy: 0.9 }, null]),
    truncated: false,
  };
  const lines = tableText(table, 62, plain).split("\n");
  assert.match(lines[2] ?? "", /│ modelPath │ \/tmp\/m\/_model_1\/0 +│ \/tmp\/m\/_model_1\/1 +│/u);
  assert.match(lines[5] ?? "", /│ status {4}│ NULL +│ NULL +│/u);
  assert.match(tableText(table, 120, plain), /│ modelPath +│ score +│ metrics +│ status │/u);
});

test("a fraction is rounded before it is cut, a whole number never", () => {
  assert.equal(fitCell("0.8230169491525", 8, true), "0.823017");
  assert.equal(fitCell("-0.0000123456", 8, true), "-0.00001…".slice(0, 7) + "…");
  assert.equal(fitCell("123456789012", 8, true), "1234567…");
  assert.equal(fitCell("12.5", 8, true), "12.5");
});

test("long cells give way before columns do", () => {
  const three = [
    { name: "id", type: "int" },
    { name: "text", type: "string" },
    { name: "other", type: "string" },
  ];
  const rows = Array.from({ length: 5 }, () => [1, "x".repeat(200), "y".repeat(200)]);
  const text = tableText({ name: "t", columns: three, rows, truncated: false }, 60, plain);
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
