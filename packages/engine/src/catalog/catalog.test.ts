import assert from "node:assert/strict";
import { test } from "node:test";
import { temporaryFolder } from "../../test/temporary-folder.ts";
import { LocalLake } from "../lake/local-lake.ts";
import { Catalog, type CatalogTable, tableIdentifier } from "./catalog.ts";
import { catalogChange } from "./record-changes.ts";
import { createTableSql } from "./session-tables.ts";

const table: CatalogTable = {
  database: "db1",
  name: "Table1",
  provider: "parquet",
  location: "/w/db1.db/table1",
  columns: [
    { name: "features", type: "array<double>" },
    { name: "day", type: "date" },
  ],
  partitionBy: ["day"],
  options: {},
};

test("a table that is kept is found again by any case of its name", async () => {
  await using folder = await temporaryFolder();
  const lake = new LocalLake(folder.path);
  await new Catalog(folder.path, lake).put(table);
  const catalog = new Catalog(folder.path, lake);
  assert.deepEqual(await catalog.table("DB1", "TABLE1"), table);
  assert.deepEqual(await catalog.databases(), ["default", "db1"]);
  assert.equal((await catalog.tables("db1")).length, 1);
  await catalog.drop("db1", "table1");
  assert.equal(await catalog.table("db1", "table1"), undefined);
});

test("a table is made again with its columns, partitions and place", () => {
  assert.equal(
    createTableSql(table),
    "create table if not exists `db1`.`Table1` (`features` array<double>, `day` date) using parquet partitioned by (`day`) location '/w/db1.db/table1'",
  );
});

test("names with and without database, in backquotes", () => {
  assert.deepEqual(tableIdentifier("db1.t"), { database: "db1", name: "t" });
  assert.deepEqual(tableIdentifier("t"), { database: "default", name: "t" });
  assert.deepEqual(tableIdentifier("`my.db`.`t`"), { database: "my.db", name: "t" });
});

for (const [sql, action, object, name] of [
  ["create table db1.t (a int)", "create", "table", "db1.t"],
  ["CREATE TABLE IF NOT EXISTS `t` using csv", "create", "table", "`t`"],
  ["create or replace table a.b as select 1", "create", "table", "a.b"],
  ["-- note\ncreate database if not exists db9", "create", "database", "db9"],
  ["create schema s", "create", "database", "s"],
  ["drop table if exists db1.t", "drop", "table", "db1.t"],
  ["alter table db1.t add columns (b int)", "create", "table", "db1.t"],
] as const) {
  test(`the catalogue learns from: ${sql.replaceAll("\n", " ")}`, () => {
    assert.deepEqual(catalogChange(sql), { action, object, name });
  });
}

for (const sql of [
  "insert into db1.t values (1)",
  "create temporary view v as select 1",
  "refresh table t",
  "drop view v",
  "create function f as 'x'",
]) {
  test(`the catalogue has nothing to learn from: ${sql}`, () => {
    assert.equal(catalogChange(sql), undefined);
  });
}
