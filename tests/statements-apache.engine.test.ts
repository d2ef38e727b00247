import assert from "node:assert/strict";
import { after, test } from "node:test";
import { runFixture } from "./run-fixture.ts";
import { statementsSuite } from "./statements-suite.ts";

const fixture = await runFixture({ spark: "apache" });
after(() => fixture[Symbol.asyncDispose]());
statementsSuite(fixture);

test("connect gives options a name, and a database's table is loaded through it", async () => {
  const report = await fixture.run(`
    connect jdbc where url="jdbc:derby:memory:x;create=true" and driver="org.apache.derby.jdbc.EmbeddedDriver" as db_1;
    load jdbc.\`db_1.SYS.SYSTABLES\` as systables;
    select count(*) > 10 as many from systables as answer;`);
  assert.deepEqual(report.diagnostics, []);
  assert.deepEqual(report.tables.get("answer"), [[true]]);
});

test("formats that only Apache Spark has are saved and loaded", async () => {
  const report = await fixture.run(`
    select 1 as a, 'x' as b as t; save overwrite t as orc.\`orc\`; load orc.\`orc\` as o; select * from o as answer;`);
  assert.deepEqual(report.diagnostics, []);
  assert.deepEqual(report.tables.get("answer"), [[1, "x"]]);
});

test("Spark's progress reaches the run's events", async () => {
  const report = await fixture.run(`
    select id % 1000 as k, sum(id) as s from range(0, 200000000, 1, 8) group by id % 1000 as slow;
    save overwrite slow as parquet.\`slow\`;`);
  assert.deepEqual(report.diagnostics, []);
  const progress = report.events.filter((event) => event.type === "spark-progress");
  assert.ok(progress.some(({ stages }) => stages.some(({ tasks, completed }) => tasks > 0 && completed > 0)));
});
