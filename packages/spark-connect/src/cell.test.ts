import assert from "node:assert/strict";
import { test } from "node:test";
import { cellFromValue } from "./cell.ts";
import type { DataType } from "./data-type.ts";
import { Timestamp } from "./timestamp.ts";
import type { Value } from "./value.ts";

const CELLS: readonly (readonly [Value, DataType, unknown])[] = [
  [null, { kind: "int" }, null],
  [1.5, { kind: "double" }, 1.5],
  [NaN, { kind: "double" }, "NaN"],
  [-Infinity, { kind: "float" }, "-Infinity"],
  [9_007_199_254_740_991n, { kind: "bigint" }, 9_007_199_254_740_991],
  [9_007_199_254_740_992n, { kind: "bigint" }, "9007199254740992"],
  [new Date("0001-01-01T00:00:00Z"), { kind: "date" }, "0001-01-01"],
  [new Timestamp(-1n), { kind: "timestamp_ntz" }, "1969-12-31 23:59:59.999999"],
  [new Timestamp(0n, "Asia/Shanghai"), { kind: "timestamp" }, "1970-01-01 08:00:00"],
  [new Timestamp(1_500_000n, "+05:30"), { kind: "timestamp" }, "1970-01-01 05:30:01.5"],
  [new Uint8Array([0, 255]), { kind: "binary" }, "0x00ff"],
  [-14, { kind: "year_month_interval", start: "year", end: "month" }, "-1-2"],
  [-90_061_000_001n, { kind: "day_time_interval", start: "day", end: "second" }, "-1 01:01:01.000001"],
  [
    { months: 1, days: 2, microseconds: 3n },
    { kind: "calendar_interval" },
    { months: 1, days: 2, microseconds: 3 },
  ],
  [
    new Map<Value, Value>([[new Date("2024-02-29T00:00:00Z"), [14, null]]]),
    {
      kind: "map",
      key: { kind: "date" },
      value: {
        kind: "array",
        element: { kind: "year_month_interval", start: "year", end: "month" },
        containsNull: true,
      },
      valueContainsNull: true,
    },
    { "2024-02-29": ["1-2", null] },
  ],
  [
    { a: { b: 1n } },
    {
      kind: "struct",
      fields: [
        {
          name: "a",
          nullable: true,
          type: { kind: "struct", fields: [{ name: "b", type: { kind: "bigint" }, nullable: true }] },
        },
      ],
    },
    { a: { b: 1 } },
  ],
];

test("cells are JSON-safe and lose nothing", () => {
  for (const [value, type, cell] of CELLS) {
    assert.deepEqual(cellFromValue(value, type), cell);
    assert.deepEqual(JSON.parse(JSON.stringify(cellFromValue(value, type))), cell);
  }
});
