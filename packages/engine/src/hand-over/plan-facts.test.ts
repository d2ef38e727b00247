import assert from "node:assert/strict";
import { test } from "node:test";
import type { StructType } from "@duet/spark-connect";
import { readPlan } from "./plan-facts.ts";

const schema: StructType = {
  kind: "struct",
  fields: [
    { name: "id", type: { kind: "bigint" }, nullable: false },
    { name: "name", type: { kind: "string" }, nullable: true },
  ],
};

const sail = `== Optimized Logical Plan ==
Projection: range.id AS #1, Utf8("a") AS #2
  TableScan: range projection=[id]

== Physical Plan ==
ProjectionExec: expr=[#1@0 as id], statistics=[Rows=Inexact(1000), Bytes=Absent, [(Col[0]: Null=Exact(0))]]
  DataSourceExec: file_groups={}, statistics=[Rows=Exact(2000000), Bytes=Exact(77)]
`;

const spark = `== Optimized Logical Plan ==
Project [id#157L, a AS s#156], Statistics(sizeInBytes=17.6 KiB)
+- Range (0, 1000, step=1), Statistics(sizeInBytes=7.8 KiB, rowCount=1.00E+3)

== Physical Plan ==
*(1) Range (0, 1000, step=1, splits=2)
`;

test("takes the rows of the root of Sail's plan", () => {
  assert.deepEqual(readPlan(sail, schema), { planner: "sail", bytes: 1000 * (8 + 24), ordered: false });
});

test("takes the bytes of the root of Spark's plan", () => {
  assert.deepEqual(readPlan(spark, schema), {
    planner: "spark",
    bytes: Math.ceil(17.6 * 1024),
    ordered: false,
  });
});

test("reads Spark's largest and smallest sizes", () => {
  const sized = (size: string) => readPlan(spark.replace("17.6 KiB", size), schema)?.bytes;
  assert.equal(sized("8.0 EiB"), 8 * 1024 ** 6);
  assert.equal(sized("1.0 B"), 1);
  assert.equal(sized("3.1E+30 B"), 3.1e30);
});

test("says nothing where the plan does not", () => {
  assert.equal(readPlan(sail.replace("Inexact(1000)", "Absent"), schema)?.bytes, undefined);
  assert.equal(readPlan("== Physical Plan ==\nSomething else\n", schema), undefined);
});

test("sees an order by under projections, and none under an aggregate", () => {
  const ordered = `== Physical Plan ==
ProjectionExec: expr=[#10@0 as id], statistics=[Rows=Absent]
  SortPreservingMergeExec: [#10@0 ASC], statistics=[Rows=Absent]
    SortExec: expr=[id@0 ASC], preserve_partitioning=[true]
`;
  assert.equal(readPlan(ordered, schema)?.ordered, true);
  assert.equal(readPlan(ordered.replace("ProjectionExec", "AggregateExec"), schema)?.ordered, false);
  const sorted = spark.replace("Project [", "Sort [id#1L ASC NULLS FIRST], true, Project [");
  assert.equal(readPlan(sorted, schema)?.ordered, true);
});
