import assert from "node:assert/strict";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { RunFixture } from "./run-fixture.ts";

/** What every statement must do on each Spark. */
export function statementsSuite(fixture: RunFixture): void {
  const { run } = fixture;

  async function succeeds(text: string): Promise<ReadonlyMap<string, readonly (readonly unknown[])[]>> {
    const report = await run(text);
    assert.deepEqual(report.diagnostics, []);
    assert.equal(report.outcome, "succeeded");
    return report.tables;
  }

  test("select and with … select make tables that later statements use", async () => {
    const tables = await succeeds(`
    select 1 as a, 'x' as b as t;
    with twice as (select a * 2 as a from t) select a from twice as u;
    select t.a, u.a as doubled from t cross join u as answer;`);
    assert.deepEqual(tables.get("answer"), [[1, 2]]);
  });

  test("variables: text, SQL, defaults, dates, and values that name later variables", async () => {
    const tables = await succeeds(`
    set b="\${a}/b"; set a="v";
    set n=\`select 40 + 2\` where type="sql";
    set n="7" where type="defaultParam";
    select '\${b}' as b, \${n} as n, length('\${today}') as today, '\${nobody}' as unknown as t;`);
    assert.deepEqual(tables.get("t"), [["v/b", 42, 10, "${nobody}"]]);
  });

  test("csv, json, text and parquet are saved and loaded again", async () => {
    const tables = await succeeds(`
    select * from values (1, 'ä'), (2, null) as v(id, name) as t;
    save overwrite t as csv.\`out/csv\` where header="true";
    save overwrite t as json.\`out/json\`;
    save overwrite t as parquet.\`out/parquet\` partitionBy id;
    load csv.\`out/csv\` where header="true" and inferSchema="true" as c;
    load json.\`out/json\` as j;
    load parquet.\`out/parquet\` as p;
    select (select count(*) from c) as c, (select count(*) from j) as j, (select max(name) from p) as p,
      (select sum(id) from c) as ids as t2;`);
    assert.deepEqual(tables.get("t2"), [[2, 2, "ä", 3]]);
  });

  test("jsonStr and csvStr read text of the script", async () => {
    const tables = await succeeds(`
    set rows='''{"a": 1, "b": "x"}
{"a": 2, "b": "y"}''';
    load jsonStr.\`rows\` as j;
    set lines='''a,b
5,z''';
    load csvStr.\`lines\` where header="true" as c;
    select j.a, j.b, c.b as cb from j cross join c order by j.a as t;`);
    assert.deepEqual(tables.get("t"), [
      [1, "x", "z"],
      [2, "y", "z"],
    ]);
  });

  test("save modes: an existing target is an error, ignored, replaced or added to", async () => {
    await succeeds("select 1 as a as t; save t as parquet.`modes`;");
    const again = await run("select 1 as a as t;\nsave t as parquet.`modes`;");
    assert.deepEqual(
      again.diagnostics.map(({ code, line }) => [code, line]),
      [["path-exists", 2]],
    );
    await succeeds("select 2 as a as t; save ignore t as parquet.`modes`; save append t as parquet.`modes`;");
    const added = await succeeds("load parquet.`modes` as m; select count(*) as n, sum(a) as s from m as t;");
    assert.deepEqual(added.get("t"), [[2, 3]]);
    // A table may be written over the files that it is read from.
    await succeeds(
      "load parquet.`modes` as m; select a * 10 as a from m as t; save overwrite t as parquet.`modes`;",
    );
    const replaced = await succeeds("load parquet.`modes` as m; select sum(a) as s from m as t;");
    assert.deepEqual(replaced.get("t"), [[30]]);
    assert.deepEqual(
      (await readdir(fixture.folder)).filter((name) => name.startsWith(".duet-save")),
      [],
    );
  });

  test("a table saved by one run is there in the next, in SQL as in load", async () => {
    await succeeds("select 1 as a, 'x' as b as t; save overwrite t as hive.`db1.t1`;");
    const tables = await succeeds(
      "load hive.`db1.t1` as t; select t.a, u.b from t join db1.t1 u on t.a = u.a as answer;",
    );
    assert.deepEqual(tables.get("answer"), [[1, "x"]]);
    await succeeds("select 2 as a, 'y' as b as t; save append t as hive.`db1.t1`;");
    const more = await succeeds("select count(*) as n from db1.t1 as answer;");
    assert.deepEqual(more.get("answer"), [[2]]);
  });

  test("create, insert and drop last beyond the run", async () => {
    await succeeds(`
    create database if not exists shop;
    create table shop.orders (id int, price double) using parquet;
    insert into shop.orders values (1, 2.5), (2, 4.0);
    create table plain using parquet as select 7 as x;`);
    const tables = await succeeds(
      "select sum(price) as s from shop.orders as a; select x from plain as b; refresh table shop.orders; select * from a cross join b as t; !show tables from shop;",
    );
    assert.deepEqual(tables.get("tables of shop"), [["shop", "orders", "parquet"]]);
    const sum = await succeeds("select sum(price) as s from shop.orders as t;");
    assert.deepEqual(sum.get("t"), [[6.5]]);
    await succeeds("drop table shop.orders; drop table plain;");
    const gone = await run("load hive.`shop.orders` as t;");
    assert.deepEqual(
      gone.diagnostics.map(({ code }) => code),
      ["unknown-table"],
    );
  });

  test("include shares variables and tables, and its paths count from the including script", async () => {
    await writeFile(
      join(fixture.folder, "part.mlsql"),
      "set word='${greeting} there';\nselect '${word}' as w as included;",
    );
    const tables = await succeeds(
      'set greeting="hello"; include script.`part.mlsql`; select w from included as t;',
    );
    assert.deepEqual(tables.get("t"), [["hello there"]]);
  });

  test("commands: desc, println, hdfs, assert, show", async () => {
    const report = await run(`
    select 1 as a, array(1.5) as b as t; !desc t; !println '''hello \${OWNER}'''; !hdfs -ls .;
    !assert t ''':a == 1 and size(:b) = 1''' "a is one"; save overwrite t as console.\`\`;`);
    assert.deepEqual(report.diagnostics, []);
    assert.deepEqual(report.tables.get("t")?.[0]?.[0], 1);
    assert.ok(report.events.some((event) => event.type === "message" && event.text.startsWith("hello ")));
    const failing = await run("select 1 as a as t;\n!assert t ''':a > 1''' \"a is large\";");
    assert.equal(failing.outcome, "failed");
    assert.deepEqual(
      failing.diagnostics.map(({ code, line }) => [code, line]),
      [["assertion-failed", 2]],
    );
    assert.match(failing.diagnostics[0]?.message ?? "", /a is large \(1 row does not hold\)/u);
  });

  test("conf reaches Spark", async () => {
    await succeeds('set spark.sql.shuffle.partitions="3" where type="conf"; select 1 as a as t;');
  });
}
