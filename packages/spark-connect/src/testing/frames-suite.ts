import assert from "node:assert/strict";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { describeType } from "../data-type.ts";
import { AnalysisError } from "../errors.ts";
import { SparkSession } from "../spark-session.ts";
import type { ServerUnderTest } from "./spark-server.ts";

/** Plans: queries, views, files and tables. */
export function framesSuite(server: () => ServerUnderTest): void {
  let session: SparkSession;
  const path = (name: string) => join(server().folder, name);
  before(async () => {
    session = await SparkSession.connect({ url: server().url });
  });
  after(async () => {
    await session[Symbol.asyncDispose]();
  });

  test("operations add to the plan, which runs when it is asked for", async () => {
    const frame = session.range(0, 100, 1, 2).where("id % 2 = 1").select("id", "id * 10 as ten").limit(3);
    assert.deepEqual(await frame.columns(), ["id", "ten"]);
    assert.equal(await frame.count(), 3);
    for (const { id, ten } of await frame.collect()) {
      assert.equal(ten, (id as bigint) * 10n);
    }
    assert.equal((await frame.take(2)).length, 2);
    assert.equal((await frame.toArrow()).numRows, 3);
    assert.equal(await session.range(0, 10, 1, 4).repartition(2).coalesce(1).count(), 10);
  });

  test("SQL takes named and positional arguments", async () => {
    const named = session.sql("select :a + 1 as a, :b as b, :c as c, :d as d", {
      a: 41,
      b: "it's",
      c: null,
      d: 2.5,
    });
    assert.deepEqual(await named.collect(), [{ a: 42, b: "it's", c: null, d: 2.5 }]);
    assert.deepEqual(await session.sql("select ? as a, ? as b", [5_000_000_000n, true]).collect(), [
      { a: 5_000_000_000n, b: true },
    ]);
  });

  test("commands run at once and answer", async () => {
    await session.execute("create or replace temp view five as select 5 as n");
    assert.deepEqual(await session.table("five").collect(), [{ n: 5 }]);
    const query = await session.execute("select n + 1 as m from five");
    assert.deepEqual(await query.collect(), [{ m: 6 }]);
  });

  test("temporary views come, are replaced and go", async () => {
    await session.sql("select 1 as a").createTempView("v");
    await assert.rejects(session.sql("select 2 as a").createTempView("v"), AnalysisError);
    await session.sql("select 2 as a").createOrReplaceTempView("v");
    assert.deepEqual(await session.table("v").collect(), [{ a: 2 }]);
    const listed = (await session.catalog.listTables()).find((table) => table.name === "v");
    assert.equal(listed?.isTemporary, true);
    assert.equal(await session.catalog.dropTempView("v"), true);
    assert.equal(await session.catalog.dropTempView("v"), false);
    assert.equal(await session.catalog.tableExists("v"), false);
  });

  test("global views are seen by other sessions", async () => {
    await session.sql("select 3 as a").createOrReplaceGlobalTempView("g");
    assert.deepEqual(await session.table("global_temp.g").collect(), [{ a: 3 }]);
    assert.equal(await session.catalog.dropGlobalTempView("g"), true);
  });

  test("explain tells the plan", async () => {
    for (const mode of ["simple", "extended", "formatted"] as const) {
      assert.match(await session.range(0, 3, 1, 1).explain(mode), /range/i);
    }
  });

  for (const format of ["parquet", "json", "csv"] as const) {
    test(`${format} is written and read`, async () => {
      const target = path(`out.${format}`);
      const data = session.sql(
        "select cast(id as int) as id, concat('n', id) as name from range(0, 4, 1, 1)",
      );
      const writer = data.write.format(format).option("header", true);
      await writer.save(target);
      await assert.rejects(writer.save(target), AnalysisError);
      await writer.mode("append").save(target);
      const reader = session.read.option("header", true);
      assert.equal(await reader[format](target).count(), 8);
      await writer.mode("overwrite").save(target);
      const read = reader[format](target).select("cast(id as int) as id", "name");
      const rows = await read.where("id = 3").collect();
      assert.deepEqual(rows, [{ id: 3, name: "n3" }]);
    });
  }

  test("partitions become folders and columns again", async () => {
    const data = session.sql("select id, id % 2 as part from range(0, 10, 1, 1)");
    await data.write.partitionBy("part").save(path("parts"));
    const folders = (await readdir(path("parts"))).filter((name) => name.startsWith("part="));
    assert.deepEqual(folders.sort(), ["part=0", "part=1"]);
    assert.equal(await session.read.parquet(path("parts")).where("part = 1").count(), 5);
  });

  test("text has a line a row, and a given schema is taken", async () => {
    await writeFile(path("lines.txt"), "一\ntwo\n");
    assert.deepEqual(await session.read.text(path("lines.txt")).collect(), [
      { value: "一" },
      { value: "two" },
    ]);
    await writeFile(path("data.csv"), "1,2.5\n2,3.5\n");
    const typed = session.read.schema("a bigint, b double").csv(path("data.csv"));
    assert.deepEqual(
      (await typed.schema()).fields.map((field) => describeType(field.type)),
      ["bigint", "double"],
    );
    assert.deepEqual(await typed.where("a = 2").collect(), [{ a: 2n, b: 3.5 }]);
  });

  test("tables are made, added to and dropped", async () => {
    await session.execute("create database if not exists shop");
    const data = session.sql("select id, 'x' as s from range(0, 3, 1, 1)");
    await data.write.format("parquet").option("path", path("shop-t")).saveAsTable("shop.t");
    await data.write.insertInto("shop.t");
    assert.equal(await session.table("shop.t").count(), 6);
    assert.equal(await session.catalog.tableExists("shop.t"), true);
    const tables = await session.catalog.listTables("shop");
    assert.deepEqual(
      tables.filter((table) => !table.isTemporary).map((table) => [table.name, table.namespace]),
      [["t", ["shop"]]],
    );
    assert.deepEqual(
      (await session.catalog.listColumns("shop.t")).map((column) => `${column.name} ${column.dataType}`),
      ["id bigint", "s string"],
    );
    await session.execute("drop table shop.t");
    assert.equal(await session.catalog.tableExists("shop.t"), false);
    await session.execute("drop database shop");
  });
}
