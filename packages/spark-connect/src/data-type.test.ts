import assert from "node:assert/strict";
import { test } from "node:test";
import { describeFields, describeType, parseFields } from "./data-type.ts";
import type { DataType, StructType } from "./data-type.ts";

const INT: DataType = { kind: "int" };

const DESCRIBED: readonly (readonly [DataType, string])[] = [
  [{ kind: "bigint" }, "bigint"],
  [{ kind: "decimal", precision: 10, scale: 2 }, "decimal(10,2)"],
  [{ kind: "varchar", length: 8 }, "varchar(8)"],
  [{ kind: "string", collation: "UNICODE_CI" }, "string collate UNICODE_CI"],
  [{ kind: "day_time_interval", start: "day", end: "second" }, "interval day to second"],
  [{ kind: "year_month_interval", start: "month", end: "month" }, "interval month"],
  [{ kind: "array", element: INT, containsNull: true }, "array<int>"],
  [{ kind: "map", key: { kind: "string" }, value: INT, valueContainsNull: true }, "map<string,int>"],
  [
    {
      kind: "struct",
      fields: [
        { name: "a", type: INT, nullable: true },
        { name: "b c", type: INT, nullable: true },
      ],
    },
    "struct<a:int,`b c`:int>",
  ],
  [{ kind: "udt", name: "org.apache.spark.ml.linalg.VectorUDT" }, "org.apache.spark.ml.linalg.VectorUDT"],
];

test("types are written as Spark writes them", () => {
  for (const [type, text] of DESCRIBED) {
    assert.equal(describeType(type), text);
  }
});

test("a schema becomes DDL and its columns again", () => {
  const schema: StructType = {
    kind: "struct",
    fields: [
      { name: "a", type: INT, nullable: false },
      { name: "odd `name`", type: { kind: "decimal", precision: 5, scale: 1 }, nullable: true },
    ],
  };
  const ddl = describeFields(schema);
  assert.equal(ddl, "`a` int not null, `odd ``name``` decimal(5,1)");
  assert.deepEqual(parseFields(ddl), [
    { name: "a", type: "int" },
    { name: "odd `name`", type: "decimal(5,1)" },
  ]);
});

test("DDL is split at the commas between columns only", () => {
  assert.deepEqual(
    parseFields("a: map<string, struct<x: int, y: array<int>>>, `b,c` decimal(10, 2) NOT NULL"),
    [
      { name: "a", type: "map<string, struct<x: int, y: array<int>>>" },
      { name: "b,c", type: "decimal(10, 2)" },
    ],
  );
  assert.throws(() => parseFields("a int, b"), { code: "invalid-argument" });
});
