import assert from "node:assert/strict";
import test from "node:test";
import { tableReferences } from "./sql-tables.ts";

function tables(sql: string): string {
  return tableReferences(sql)
    .map(({ parts }) => parts.join("."))
    .join(" ");
}

test("names after FROM and JOIN", () => {
  assert.equal(tables("select * from a"), "a");
  assert.equal(tables("select * from a, b x, `c d` as y where 1=1"), "a b c d");
  assert.equal(tables("select * from a left semi join b on a.x = b.x join db.c using (x)"), "a b db.c");
  assert.equal(tables("select * from (select * from a) x, (b join c on 1=1) join (d)"), "a b c d");
  assert.equal(tables("select (select max(x) from b) from a where exists (select 1 from c)"), "b a c");
  assert.equal(tables("select * from ((select 1 from u) union (select 2 from v)) x"), "u v");
  assert.equal(tables("from t select *"), "t");
  assert.equal(tables("select * from 表1 union all select * from 表2"), "表1 表2");
});

test("common table expressions are not tables", () => {
  assert.equal(
    tables("with q as (select * from a), r (x) as (select 1) select * from q join R on 1=1 join b"),
    "a b",
  );
  assert.equal(tables("with `q r` as (select 1) select * from `q r`"), "");
});

test("what stands after FROM and is no table", () => {
  for (const sql of [
    "select * from range(10)",
    "select * from explode(array(1))",
    "select * from values (1, 2) as t(a, b)",
    "select * from ${name}",
    "select * from a_${name}",
    "select * from identifier('t')",
    "select extract(year from ts), trim(both 'x' from s), substring(s from 1 for 2)",
    "select * from lateral (select 1)",
    "select 'x from y', \"from z\" /* from u */ -- from v",
  ]) {
    assert.equal(tables(sql), "", sql);
  }
  assert.equal(tables("select a is distinct from b from t"), "t");
  assert.equal(tables("select * from t lateral view explode(x) e as y, z"), "t");
  assert.equal(tables("select * from t, lateral explode(t.x) as e"), "t");
  assert.equal(tables("select * from a tablesample (10 percent) join b version as of 1"), "a b");
});

test("offsets are those of the name as written", () => {
  const sql = "select * from `a b`.c where 1";
  assert.deepEqual(
    tableReferences(sql).map(({ start, end }) => sql.slice(start, end)),
    ["`a b`.c"],
  );
});
