import assert from "node:assert/strict";
import { test } from "node:test";
import { CompressionType, Table, tableToIPC, vectorFromArray } from "apache-arrow";
import * as arrow from "apache-arrow";
import { readArrowRows } from "./arrow-values.ts";
import { formatDecimal, formatTimeOfDay } from "./number-text.ts";
import { Timestamp } from "./timestamp.ts";

const NAMES = Array.from({ length: 500 }, (_, index) => (index % 7 === 0 ? null : `name ${index}`));
const TABLE = new Table({
  id: vectorFromArray(
    NAMES.map((_, index) => BigInt(index)),
    new arrow.Int64(),
  ),
  name: vectorFromArray(NAMES, new arrow.Utf8()),
  list: vectorFromArray(
    NAMES.map((_, index) => [index, null]),
    new arrow.List(new arrow.Field("element", new arrow.Float64(), true)),
  ),
});

for (const [what, compression] of [
  ["no", null],
  ["LZ4", CompressionType.LZ4_FRAME],
  ["Zstandard", CompressionType.ZSTD],
] as const) {
  test(`a stream with ${what} compression is read`, () => {
    const rows = [...readArrowRows(tableToIPC(TABLE, "stream", compression))];
    assert.equal(rows.length, 500);
    assert.deepEqual(rows[7], [7n, null, [7, null]]);
    assert.deepEqual(rows[8], [8n, "name 8", [8, null]]);
  });
}

test("units of time are brought to microseconds, rounded down", () => {
  const table = new Table({
    second: vectorFromArray([new Date(-1_500)], new arrow.TimestampMillisecond("UTC")),
    wall: vectorFromArray([new Date(-1_500)], new arrow.TimestampMicrosecond()),
    day: vectorFromArray([new Date(86_400_000)], new arrow.DateDay()),
  });
  const [row] = readArrowRows(tableToIPC(table, "stream"));
  assert.deepEqual(row, [
    new Timestamp(-1_500_000n, "UTC"),
    new Timestamp(-1_500_000n),
    new Date(86_400_000),
  ]);
});

test("decimals and times of day are written with all their digits", () => {
  assert.equal(formatDecimal(-5n, 2), "-0.05");
  assert.equal(formatDecimal(12_345n, 0), "12345");
  assert.equal(formatDecimal(12n, -2), "1200");
  assert.equal(formatDecimal(0n, 3), "0.000");
  assert.equal(formatTimeOfDay(86_399_000_000_001n), "23:59:59.000000001");
  assert.equal(formatTimeOfDay(0n), "00:00:00");
});
