import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { cellFromValue } from "../cell.ts";
import { describeType } from "../data-type.ts";
import { SparkSession } from "../spark-session.ts";
import { Timestamp } from "../timestamp.ts";
import type { Value } from "../value.ts";
import type { ServerUnderTest } from "./spark-server.ts";

/** A SQL expression, its type, the value that it gives, and that value as a cell. */
const SCALARS: readonly (readonly [sql: string, type: string, value: Value, cell: unknown])[] = [
  ["true", "boolean", true, true],
  ["cast(-128 as tinyint)", "tinyint", -128, -128],
  ["cast(32767 as smallint)", "smallint", 32_767, 32_767],
  ["cast(-2147483648 as int)", "int", -2_147_483_648, -2_147_483_648],
  ["9223372036854775807", "bigint", 9_223_372_036_854_775_807n, "9223372036854775807"],
  ["cast(7 as bigint)", "bigint", 7n, 7],
  ["cast(1.5 as float)", "float", 1.5, 1.5],
  ["cast('nan' as double)", "double", NaN, "NaN"],
  ["cast('-infinity' as double)", "double", -Infinity, "-Infinity"],
  ["cast('-0.00' as decimal(4,2))", "decimal(4,2)", "0.00", "0.00"],
  ["cast(-0.05 as decimal(4,2))", "decimal(4,2)", "-0.05", "-0.05"],
  [
    "cast('99999999999999999999999999999999999999' as decimal(38,0))",
    "decimal(38,0)",
    "99999999999999999999999999999999999999",
    "99999999999999999999999999999999999999",
  ],
  ["'数据 \\'x\\''", "string", "数据 'x'", "数据 'x'"],
  ["''", "string", "", ""],
  ["X'00ff10'", "binary", new Uint8Array([0, 255, 16]), "0x00ff10"],
  ["date'2024-02-29'", "date", new Date("2024-02-29T00:00:00Z"), "2024-02-29"],
  ["date'1901-12-13'", "date", new Date("1901-12-13T00:00:00Z"), "1901-12-13"],
  [
    "timestamp_ntz'1969-12-31 23:59:59.999999'",
    "timestamp_ntz",
    new Timestamp(-1n),
    "1969-12-31 23:59:59.999999",
  ],
  ["interval '1-2' year to month", "interval year to month", 14, "1-2"],
  ["interval '1 02:03:04.5' day to second", "interval day to second", 93_784_500_000n, "1 02:03:04.5"],
  ["array(1, 2, null)", "array<int>", [1, 2, null], [1, 2, null]],
  ["array()", "array<void>", [], []],
  ["map('k', 1.0D)", "map<string,double>", new Map([["k", 1]]), { k: 1 }],
  ["named_struct('a', 1, 'b', 'x')", "struct<a:int,b:string>", { a: 1, b: "x" }, { a: 1, b: "x" }],
  [
    "array(named_struct('m', map(1, array(X'01'))), null)",
    "array<struct<m:map<int,array<binary>>>>",
    [{ m: new Map([[1, [new Uint8Array([1])]]]) }, null],
    [{ m: { 1: ["0x01"] } }, null],
  ],
  ["null", "void", null, null],
];

const NULLABLE = [
  ...["boolean", "tinyint", "int", "bigint", "double", "decimal(10,2)", "string", "binary", "date"],
  ...["timestamp", "array<int>", "map<string,int>", "struct<a:int>"],
];

/** How the values of Spark SQL come out in JavaScript. */
export function typesSuite(server: () => ServerUnderTest): void {
  let session: SparkSession;
  before(async () => {
    session = await SparkSession.connect({ url: server().url });
    await session.conf.set("spark.sql.session.timeZone", "Asia/Shanghai");
  });
  after(async () => {
    await session[Symbol.asyncDispose]();
  });

  test("every scalar and nested type has its value, its name and its cell", async () => {
    const columns = SCALARS.map(([sql], index) => `${sql} as c${index}`);
    const { schema, rows } = await session.sql(`select ${columns.join(", ")}`).collectTable();
    for (const [index, [sql, type, value, cell]] of SCALARS.entries()) {
      const field = schema.fields[index];
      assert.ok(field, sql);
      assert.equal(describeType(field.type), type, sql);
      const actual = rows[0]?.[index] ?? null;
      assert.deepEqual(actual, value, sql);
      assert.deepEqual(cellFromValue(actual, field.type), cell, sql);
    }
  });

  test("nulls of every type stay null, beside values", async () => {
    const columns = NULLABLE.map((type, index) => `cast(null as ${type}) as c${index}`);
    const { rows } = await session
      .sql(
        `select ${columns.join(", ")} union all select * from (
      select true, cast(1 as tinyint), 1, 1L, 1D, cast(1 as decimal(10,2)), 'a', X'01', date'2024-01-01',
        timestamp'2024-01-01 00:00:00', array(1), map('a', 1), named_struct('a', 1))`,
      )
      .collectTable();
    assert.equal(rows.length, 2);
    const empty = rows.filter((row) => row.every((value) => value === null));
    assert.equal(empty.length, 1);
    assert.ok(rows.some((row) => row.every((value) => value !== null)));
  });

  test("timestamps keep their microseconds and are shown in the session's time zone", async () => {
    const [row] = await session.sql("select timestamp'2024-02-29 13:30:00.123456' as t").collect();
    const value = row?.t;
    assert.ok(value instanceof Timestamp);
    assert.equal(value.epochMicroseconds, 1_709_184_600_123_456n);
    assert.equal(value.toString(), "2024-02-29 13:30:00.123456");
    assert.deepEqual(value.toDate(), new Date("2024-02-29T05:30:00.123Z"));
  });

  test("an empty result has its schema and no rows", async () => {
    const empty = session.sql("select id, 'x' as s from range(5) where id > 9");
    const { schema, rows } = await empty.collectTable();
    assert.deepEqual(
      schema.fields.map((field) => `${field.name} ${describeType(field.type)}`),
      ["id bigint", "s string"],
    );
    assert.deepEqual(rows, []);
    assert.equal((await empty.toArrow()).numRows, 0);
    assert.deepEqual((await empty.toArrow()).schema.names, ["id", "s"]);
  });

  test("columns of the same name are refused by name and given by position", async () => {
    const frame = session.sql("select 1 as a, 2 as a");
    await assert.rejects(frame.collect(), { code: "duplicate-column" });
    assert.deepEqual((await frame.collectTable()).rows, [[1, 2]]);
  });

  test("compressed Arrow is read like any other, where the server compresses", async () => {
    for (const codec of ["zstd", "lz4", "none"]) {
      await session.conf.set("spark.sql.execution.arrow.compression.codec", codec);
      const rows = await session
        .sql("select id, repeat('abc', 100) as s, array(id) as a from range(0, 3000, 1, 1)")
        .collect();
      assert.equal(rows.length, 3_000);
      assert.deepEqual(rows[2_999], { id: 2_999n, s: "abc".repeat(100), a: [2_999n] });
    }
  });

  test("rows from the client get the types that they have in JavaScript", async () => {
    const data = [
      {
        a: 1,
        b: 2.5,
        c: "x",
        d: true,
        e: new Date(1_500),
        f: new Uint8Array([7]),
        g: [1, null],
        h: { i: "y" },
      },
      { a: null, b: 1, c: null, d: null, e: null, f: null, g: null, h: null },
    ];
    const { schema, rows } = await session.createDataFrame(data).collectTable();
    assert.deepEqual(
      schema.fields.map((field) => describeType(field.type)),
      ["bigint", "double", "string", "boolean", "timestamp", "binary", "array<bigint>", "struct<i:string>"],
    );
    const [first, second] = rows;
    assert.ok(first?.[4] instanceof Timestamp);
    assert.equal(first[4].epochMicroseconds, 1_500_000n);
    assert.deepEqual(first.toSpliced(4, 1), [
      1n,
      2.5,
      "x",
      true,
      new Uint8Array([7]),
      [1n, null],
      { i: "y" },
    ]);
    assert.deepEqual(second, [null, 1, null, null, null, null, null, null]);
  });

  test("a schema casts rows from the client, and stands for no rows at all", async () => {
    const ddl = "day date, price decimal(10,2), tags array<int>";
    const frame = session.createDataFrame([{ tags: ["1", "2"], price: "1.5", day: "2024-02-29" }], ddl);
    assert.deepEqual(await frame.collect(), [
      { day: new Date("2024-02-29T00:00:00Z"), price: "1.50", tags: [1, 2] },
    ]);
    assert.deepEqual(await session.createDataFrame([], "a int, b string").columns(), ["a", "b"]);
    assert.deepEqual(await session.createDataFrame([], "a int, b string").collect(), []);
  });

  test("an Arrow stream of a result makes a table again", async () => {
    const frame = session.sql("select id, cast(id as string) as s from range(0, 10, 1, 1)");
    for await (const { data, rowCount } of frame.arrowBatches()) {
      assert.equal(rowCount, 10);
      assert.deepEqual(await session.createDataFrame(data).collect(), await frame.collect());
    }
  });
}
