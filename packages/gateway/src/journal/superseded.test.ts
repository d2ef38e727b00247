import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { changeSql, type ModelChange, ModelSession } from "../testing/model-session.ts";
import type { EntryHead } from "./journal-entry.ts";
import { statementEffect } from "./sql-statement.ts";
import { isRedundant, superseded } from "./superseded.ts";

/** A journal as a gateway keeps it, of changes to a model session or of SQL texts. */
class Recorder<T> {
  heads: (EntryHead & { readonly of: T })[] = [];
  #sequence = 0;

  add(sql: string, of: T): void {
    const effect = statementEffect(sql);
    assert.notEqual(effect.type, "read", sql);
    if (effect.type === "read") return;
    for (const entry of effect.entries) {
      const head = {
        ...entry,
        method: "ExecutePlan" as const,
        sequence: (this.#sequence += 1),
        size: sql.length,
        of,
      };
      const gone = superseded(this.heads, head);
      const kept = isRedundant(this.heads, head) ? [] : [head];
      this.heads = [...this.heads.filter(({ sequence }) => !gone.includes(sequence)), ...kept];
    }
  }
}

/** What is left of statements. */
function left(...statements: readonly string[]): string[] {
  const recorder = new Recorder<string>();
  for (const sql of statements) recorder.add(sql, sql);
  return recorder.heads.map(({ of }) => of);
}

const VIEWS = ["a", "b", "c"];
const name = fc.constantFrom(...VIEWS);
const variable = fc.constantFrom("x", "y");

const changes: fc.Arbitrary<ModelChange> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant("set" as const),
      key: fc.constantFrom("k", "l"),
      value: fc.constantFrom("1", "2"),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant("reset" as const), key: fc.constantFrom(undefined, "k") }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant("view" as const),
      name,
      replace: fc.boolean(),
      from: fc.uniqueArray(fc.constantFrom(...VIEWS, "x"), { maxLength: 2 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant("drop view" as const), name }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("rename view" as const), name, to: name }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant("function" as const),
      name: fc.constantFrom("f", "g"),
      replace: fc.boolean(),
      body: fc.constantFrom("1", "2"),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant("drop function" as const), name: fc.constantFrom("f", "g") }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant("declare" as const),
      name: variable,
      replace: fc.boolean(),
      value: fc.nat(9),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant("set variable" as const),
      name: variable,
      from: fc.constantFrom(undefined, "x", "y"),
      value: fc.nat(9),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("drop variable" as const), name: variable }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant("catalog" as const),
      name: fc.constantFrom("spark_catalog", "other"),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant("database" as const), name: fc.constantFrom("d1", "d2", "d3") }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("cache" as const), name }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("uncache" as const), name }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("clear cache" as const) }) },
);

describe("superseded", () => {
  test("the journal that is left makes the same session as all that was done, and nothing in it is refused", () => {
    const property = fc.property(fc.array(changes, { maxLength: 40 }), (wanted) => {
      const session = new ModelSession();
      const recorder = new Recorder<ModelChange>();
      for (const change of wanted) if (session.apply(change)) recorder.add(changeSql(change), change);
      const replayed = new ModelSession();
      for (const { of } of recorder.heads) {
        assert.ok(replayed.apply(of), `refused: ${changeSql(of)}`);
      }
      assert.equal(String(replayed), String(session));
    });
    fc.assert(property, { numRuns: 3000 });
  });

  test("a journal does not grow with what is done again and again", () => {
    const loop = Array.from({ length: 50 }, (_, index) => [
      `SET spark.sql.shuffle.partitions = ${index}`,
      `CREATE OR REPLACE TEMP VIEW a AS SELECT ${index}`,
      "CREATE OR REPLACE TEMP VIEW b AS SELECT * FROM a",
      `USE DATABASE d${index}`,
      "CREATE TEMPORARY FUNCTION f AS 'x.Y'",
      "DROP TEMPORARY FUNCTION f",
    ]);
    assert.ok(left(...loop.flat()).length <= 8);
  });

  test("what a view was made of stays before it", () => {
    const made = ["CREATE TEMP VIEW a AS SELECT 1", "CREATE TEMP VIEW b AS SELECT * FROM a"];
    const replaced = "CREATE OR REPLACE TEMP VIEW a AS SELECT 2";
    assert.deepEqual(left(...made, replaced), [...made, replaced]);
    assert.deepEqual(left(...made, replaced, "DROP VIEW b"), [replaced]);
  });

  test("what takes away goes with what it takes away, and is not kept where there is nothing", () => {
    assert.deepEqual(left("CREATE TEMP VIEW a AS SELECT 1", "DROP VIEW a"), []);
    assert.deepEqual(left("DROP VIEW a", "RESET", "CLEAR CACHE", "DROP TEMPORARY FUNCTION IF EXISTS f"), []);
  });

  test("a statement about a lasting view of the same name is not taken for the session's", () => {
    assert.deepEqual(left("ALTER VIEW a AS SELECT 2", "ALTER VIEW a RENAME TO b", "DROP VIEW b"), []);
  });

  test("settings stay before the views that were made under them", () => {
    const first = "SET spark.sql.ansi.enabled = true";
    const view = "CREATE TEMP VIEW a AS SELECT 1";
    const second = "SET spark.sql.ansi.enabled = false";
    assert.deepEqual(left(first, view, second), [first, view, second]);
    assert.deepEqual(left(first, second), [second]);
  });

  test("names in other cases are kept apart, since a setting says whether they are the same", () => {
    const statements = [
      "CREATE TEMP VIEW a AS SELECT 1",
      "CREATE OR REPLACE TEMP VIEW A AS SELECT 2",
      "DROP VIEW a",
    ];
    assert.deepEqual(left(...statements), statements);
  });

  test("behind what is computed, everything stays", () => {
    const statements = [
      "CREATE TEMP VIEW a AS SELECT 1",
      "DROP TEMPORARY FUNCTION IDENTIFIER('f' || :name)",
      "CREATE OR REPLACE TEMP VIEW a AS SELECT 2",
    ];
    assert.deepEqual(left(...statements), statements);
  });
});
