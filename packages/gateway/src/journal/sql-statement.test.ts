import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { statementEffect } from "./sql-statement.ts";
import type { StatementChange, StatementEntry } from "./statement-effect.ts";

/** An effect in one line: `session +view:a`, `write -if-present view:a table removed a`. */
function told(sql: string, parameters?: ReadonlyMap<string, string>): string {
  const effect = statementEffect(sql, parameters);
  if (effect.type === "read") return "read";
  const entry = ({ removes, defines }: StatementEntry) =>
    `${removes ? "-" : "+"}${defines.length === 0 ? "?" : defines.join(",")}`;
  const change = (table: StatementChange) => {
    if (table.object === "definition") return `own ${entry(table.entry)}`;
    if (table.object === "temporary view") return `${table.object} ${entry(table.entry)}`;
    if (table.object === "table") return `table ${table.change} ${table.name.join(".")}`;
    return table.object === "variable" ? `value of ${table.name.join(".")}` : table.object;
  };
  const parts = [effect.type, ...effect.entries.map(entry), ...effect.tables.map(change)];
  return [...parts, ...(effect.pin === undefined ? [] : ["pin"])].join(" ");
}

const EFFECTS: Readonly<Record<string, readonly (readonly [sql: string, effect: string])[]>> = {
  "queries and questions read": [
    ["SELECT 1", "read"],
    [
      "  -- create table t\n /* drop /* nested */ view v */ select * from t where a = 'insert into x' ;",
      "read",
    ],
    ["((SELECT 1) UNION (SELECT 2))", "read"],
    ["(WITH a AS (SELECT 1) SELECT * FROM a)", "read"],
    ["VALUES (1), (2)", "read"],
    ["TABLE t", "read"],
    ["FROM t |> WHERE a > 1 |> SELECT a", "read"],
    ["FROM t SELECT a", "read"],
    ["WITH a AS (SELECT 'insert' AS b), c (d) AS (VALUES (1)) SELECT * FROM a, c", "read"],
    [
      "WITH RECURSIVE t(n) MAX RECURSION LEVEL 100 AS (VALUES (1) UNION ALL SELECT n + 1 FROM t) SELECT * FROM t",
      "read",
    ],
    ["SHOW TABLES", "read"],
    ["DESCRIBE TABLE EXTENDED t", "read"],
    ["DESC t", "read"],
    ["EXPLAIN INSERT INTO t SELECT 1", "read"],
    ["EXPLAIN EXTENDED CREATE TABLE t AS SELECT 1", "read"],
    ["EXPLAIN ANALYZE SELECT 1", "read"],
    ["REFRESH TABLE t", "read"],
    ["LIST JARS", "read"],
    ["SET", "read"],
    ["SET -v", "read"],
    ["SET spark.sql.ansi.enabled", "read"],
    ["EXECUTE IMMEDIATE 'select 1'", "read"],
    ["EXECUTE IMMEDIATE 'select ?' USING 1", "read"],
  ],
  settings: [
    ["SET spark.sql.ansi.enabled=true", "session +config:spark.sql.ansi.enabled"],
    ["set `spark.my key` = 'a = b'", "session +config:spark.my key"],
    ["SET TIME ZONE 'Asia/Tokyo'", "session +config:spark.sql.session.timeZone"],
    ["SET TIME ZONE LOCAL", "session +config:spark.sql.session.timeZone"],
    ["SET time = 1", "session +config:time"],
    ["RESET", "session -config:*"],
    ["RESET spark.sql.ansi.enabled;", "session -config:spark.sql.ansi.enabled"],
  ],
  "catalogues and databases": [
    ["SET CATALOG other", "session +catalog:catalog,catalog:database"],
    ["SET catalog = 1", "session +config:catalog"],
    ["USE DATABASE d", "session +catalog:database"],
    ["use schema `my db`", "session +catalog:database"],
    ["USE NAMESPACE a.b", "session +catalog:database"],
    ["USE CATALOG c", "session +catalog:catalog,catalog:database"],
    ["USE d", "session current"],
    ["USE database", "session current"],
    ["USE catalog.d", "session current"],
    ["SET PATH = current_path, d", "session +catalog:path"],
    ["CREATE DATABASE d LOCATION '/x'", "write own +database:d"],
    ["CREATE SCHEMA IF NOT EXISTS d", "write own +if-absent database:d"],
    ["ALTER DATABASE d SET DBPROPERTIES (a = 'b')", "write own +if-present database:d"],
    ["DROP DATABASE IF EXISTS d CASCADE", "write own -if-present database:d"],
  ],
  "temporary views": [
    ["CREATE TEMP VIEW v AS SELECT * FROM t", "session +view:v"],
    ["create or replace temporary view `a b` (c) as select 1", "session +view:`a b`"],
    ["CREATE OR REPLACE GLOBAL TEMPORARY VIEW V AS SELECT 1", "session +global-view:V"],
    ["CREATE TEMPORARY VIEW v USING csv OPTIONS (path '/x')", "session +view:v"],
    ["CREATE TEMPORARY TABLE v USING csv", "session +view:v"],
    ["CREATE TEMP VIEW IDENTIFIER('v') AS SELECT 1", "session +view:v"],
    ["CREATE TEMP VIEW IDENTIFIER(:n || 'v') AS SELECT 1", "session +?"],
    ["CREATE TEMP VIEW v_${spark.suffix} AS SELECT 1", "session +?"],
    ["DROP VIEW v", "write -if-present view:v table removed v"],
    ["DROP VIEW IF EXISTS global_temp.g", "session -global-view:g"],
    ["DROP VIEW d.v", "write table removed d.v"],
    ["DROP VIEW IDENTIFIER(concat('a', 'b'))", "write unknown pin"],
    ["ALTER VIEW v AS SELECT 2", "write +if-present view:v own +if-present table:v"],
    ["ALTER VIEW v RENAME TO w", "write +if-present view:v,view:w own +if-present table:v,table:w"],
    ["ALTER VIEW d.v AS SELECT 2", "write own +if-present table:d.v"],
  ],
  functions: [
    ["CREATE TEMPORARY FUNCTION f AS 'a.B' USING JAR '/x.jar'", "session +function:f"],
    ["CREATE OR REPLACE TEMPORARY FUNCTION f(x INT) RETURNS INT RETURN x + 1", "session +function:f"],
    ["DROP TEMPORARY FUNCTION IF EXISTS f", "session -function:f"],
    ["CREATE FUNCTION d.f AS 'a.B'", "write own +catalog-function:d.f"],
    ["DROP FUNCTION f", "write own -if-present catalog-function:f"],
  ],
  variables: [
    ["DECLARE x INT DEFAULT 5", "session +variable:x,value:x"],
    ["DECLARE OR REPLACE VARIABLE session.x = 5", "session +variable:x,value:x"],
    ["DECLARE a, b STRING DEFAULT 'select'", "session +variable:a,value:a,variable:b,value:b"],
    ["DECLARE x DEFAULT (SELECT max(a) FROM t)", "session value of x"],
    ["DECLARE x TIMESTAMP DEFAULT current_timestamp()", "session value of x"],
    ["SET VAR x = y + 1, z = cast('2' AS INT)", "session +value:x,value:z"],
    ["SET VARIABLE x = (SELECT count(*) FROM t)", "session value of x"],
    ["SET VAR (x, y) = (SELECT 1, 2)", "session value of x value of y"],
    ["SET VAR x = rand()", "session value of x"],
    ["SET VAR x = DEFAULT", "session value of x"],
    ["SET var = 1", "session +config:var"],
    ["DROP TEMPORARY VARIABLE IF EXISTS x", "session -variable:x,value:x"],
    ["EXECUTE IMMEDIATE 'SELECT 1, 2' INTO a, b", "session value of a value of b"],
  ],
  "caches and resources": [
    ["CACHE TABLE t", "session +persist:t"],
    ["CACHE LAZY TABLE d.t OPTIONS ('storageLevel' 'DISK_ONLY')", "session +persist:d.t"],
    ["CACHE TABLE v AS SELECT 1", "session +persist:v,view:v"],
    ["UNCACHE TABLE IF EXISTS t", "session -persist:t"],
    ["CLEAR CACHE", "session -persist:*"],
    ["ADD JAR '/a.jar'", "session +artifact:add jar '/a.jar'"],
    ["ADD FILES /a.txt", "session +artifact:add file /a.txt"],
  ],
  writes: [
    ["INSERT INTO t SELECT 1", "write"],
    ["INSERT OVERWRITE DIRECTORY '/x' SELECT 1", "write"],
    ["WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a", "write"],
    ["WITH a AS (SELECT 1) MERGE INTO t USING a ON true WHEN MATCHED THEN DELETE", "write"],
    ["FROM t INSERT INTO a SELECT 1 INSERT INTO b SELECT 2", "write"],
    ["WITH a AS (SELECT 1) FROM a INSERT OVERWRITE TABLE t SELECT *", "write"],
    ["MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN DELETE", "write"],
    ["UPDATE t SET a = 1", "write"],
    ["DELETE FROM t", "write"],
    ["TRUNCATE TABLE t", "write"],
    ["CALL system.expire()", "write"],
    ["OPTIMIZE t", "write"],
    ["EXPLAIN ANALYZE INSERT INTO t SELECT 1", "write"],
    ["CREATE TABLE d.t AS SELECT 1", "write table made d.t"],
    ["CREATE EXTERNAL TABLE IF NOT EXISTS `a.b` (c INT)", "write table made a.b"],
    ["CREATE OR REPLACE TABLE t AS SELECT 1", "write table made t"],
    ["REPLACE TABLE t AS SELECT 1", "write table made t"],
    ["ALTER TABLE t ADD COLUMNS (b INT)", "write table altered t"],
    ["ALTER TABLE d.t RENAME TO u", "write table removed d.t table made d.u"],
    ["ALTER TABLE t RENAME TO u", "write +if-present view:t,view:u table removed t table made u"],
    ["ALTER TABLE t PARTITION (a = 1) RENAME TO PARTITION (a = 2)", "write table altered t"],
    ["DROP TABLE IF EXISTS t PURGE", "write table removed t temporary view -if-present view:t"],
    ["CREATE VIEW v AS SELECT 1", "write own +table:v"],
    ["EXECUTE IMMEDIATE 'insert into t values (1)'", "write"],
    ["EXECUTE IMMEDIATE :sql", "write pin"],
    ["BOGUS", "write"],
    ["", "write"],
  ],
  scripts: [
    ["BEGIN INSERT INTO t VALUES (1); DELETE FROM u; END", "write"],
    ["BEGIN DECLARE i INT DEFAULT 0; WHILE i < 3 DO SET i = i + 1; END WHILE; END", "write"],
    ["BEGIN SET x = 1; END", "write pin"],
    ["BEGIN IF true THEN CREATE OR REPLACE TEMP VIEW v AS SELECT 1; END IF; END", "write pin"],
    ["start: BEGIN USE d; END start", "write pin"],
  ],
};

describe("statementEffect", () => {
  for (const [name, effects] of Object.entries(EFFECTS)) {
    test(name, () => {
      for (const [sql, effect] of effects) assert.equal(told(sql), effect, sql);
    });
  }

  test("names may be parameters", () => {
    const parameters = new Map([
      ["v", "my_view"],
      ["0", "ignored"],
      ["1", "d.t"],
    ]);
    assert.equal(told("CREATE TEMP VIEW IDENTIFIER(:v) AS SELECT 1", parameters), "session +view:my_view");
    assert.equal(told("CREATE TABLE IDENTIFIER( ? ) AS SELECT 1", parameters), "write table made ignored");
    assert.equal(told("WITH a AS (SELECT ?) SELECT ?", parameters), "read");
  });

  test("what is made again does nothing more than make it: no query, and no mistake where it is there", () => {
    const text = (sql: string) => {
      const effect = statementEffect(sql);
      assert.notEqual(effect.type, "read");
      if (effect.type === "read") return undefined;
      const [change] = effect.tables;
      return effect.entries[0]?.text ?? (change?.object === "definition" ? change.entry.text : undefined);
    };
    assert.equal(text("-- cache\nCACHE TABLE t"), "-- cache\nCACHE LAZY TABLE t");
    assert.equal(text("CACHE LAZY TABLE t"), undefined);
    assert.equal(text("CREATE DATABASE d"), "CREATE DATABASE IF NOT EXISTS d");
    assert.equal(text("CREATE VIEW v AS SELECT 1"), "CREATE VIEW IF NOT EXISTS v AS SELECT 1");
    assert.equal(text("EXECUTE IMMEDIATE 'CACHE TABLE `t`'"), "CACHE LAZY TABLE `t`");
    assert.equal(text("EXECUTE IMMEDIATE 'SET a = \\'b\\''"), "SET a = 'b'");
  });

  test("whatever the text, it is told", () => {
    const words =
      "select create temp view ( ) , ; ' \" ` -- /* */ as insert with begin set = : ? $ identifier".split(
        " ",
      );
    for (let seed = 1; seed < 2_000; seed += 1) {
      const text = Array.from(
        { length: 1 + (seed % 9) },
        (_, index) => words[(seed * 7919 * (index + 3)) % words.length],
      );
      assert.match(told(text.join(" ")), /^(?:read|session|write)/u);
    }
  });
});
