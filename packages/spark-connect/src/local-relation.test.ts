import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonRow } from "./arrow-inference.ts";
import { readArrowRows } from "./arrow-values.ts";
import { localRelation } from "./local-relation.ts";

function encoded(rows: readonly JsonRow[]): unknown[] {
  const { relType } = localRelation(rows);
  assert.equal(relType.case, "localRelation");
  return [...readArrowRows(relType.value.data ?? new Uint8Array())];
}

test("rows keep their values, whole numbers as bigint, missing ones as null", () => {
  assert.deepEqual(encoded([{ a: 1, b: [{ c: 2.5 }] }, { a: 2n }, { b: [{ c: 1 }, null] }]), [
    [1n, [{ c: 2.5 }]],
    [2n, null],
    [null, [{ c: 1 }, null]],
  ]);
});

test("a column of two kinds is refused with its name", () => {
  assert.throws(() => localRelation([{ a: { b: 1 } }, { a: { b: "x" } }]), /the column "a\.b" holds both/);
  assert.throws(() => localRelation([{ a: true }, { a: 1 }]), { code: "invalid-argument" });
});

test("no rows need a schema", () => {
  assert.throws(() => localRelation([]), { code: "invalid-argument" });
  assert.equal(localRelation([], "a int").relType.case, "project");
});
