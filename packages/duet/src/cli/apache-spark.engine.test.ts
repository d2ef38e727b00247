import assert from "node:assert/strict";
import { after, test } from "node:test";
import { eventsOf, survivors, TestHome } from "./duet-process.fixture.ts";

const home = await TestHome.make();
after(() => home[Symbol.asyncDispose]());

test("the same script runs on Apache Spark, which tells its progress", async () => {
  const script = "select id % 3 as k, count(*) as n from range(0, 30, 1, 4) group by 1 order by 1 as t;";
  const result = await home.run(["run", "--json", "--spark", "apache", "-e", script]);
  assert.equal(result.code, 0, `${result.stderr}${result.stdout}`);
  const events = eventsOf(result);
  assert.ok(events.some((event) => event.type === "engine" && event.detail.startsWith("Apache Spark 4.3")));
  const table = events.find((event) => event.type === "table");
  assert.deepEqual(
    table?.rows.map((row) => row.map(Number)),
    [
      [0, 10],
      [1, 10],
      [2, 10],
    ],
  );
  assert.deepEqual(await home.runDirectories(), []);
});

test("kill -9 leaves no Java process", async () => {
  const script =
    "select count(*) as n from range(0, 300000) a cross join range(0, 300000) b where (a.id * b.id) % 7 = 3 as t;";
  const duet = home.start(["run", "--json", "--spark", "apache", "-e", script]);
  await duet.until('"state":"ready"', 120_000);
  const tree = await duet.tree();
  assert.ok(tree.length >= 3, "the keeper and Java run");
  duet.kill("SIGKILL");
  await duet.result;
  assert.deepEqual(await survivors(tree, 20_000), []);
});
