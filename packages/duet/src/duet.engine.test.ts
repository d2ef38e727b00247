import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { duet, type RunEvent } from "./index.ts";

const home = await mkdtemp(join(tmpdir(), "duet-api-"));
after(() => rm(home, { recursive: true, force: true }));

async function collect(events: AsyncIterable<RunEvent>): Promise<readonly RunEvent[]> {
  return Array.fromAsync(events);
}

test("several runs share a connection's engines, which end with it", async () => {
  {
    await using connection = await duet.connect({ home });
    const first = await collect(connection.run({ text: "select 1 as a as t;" }));
    assert.ok(first.some((event) => event.type === "table" && event.rows[0]?.[0] === 1));
    await writeFile(join(home, "script.mlsql"), "select ${n} * 2 as b as t;");
    const second = await collect(
      connection.run({ file: join(home, "script.mlsql"), variables: { n: "21" } }),
    );
    assert.ok(second.some((event) => event.type === "table" && event.rows[0]?.[0] === 42));
    assert.equal((await readdir(join(home, "runs"))).filter((name) => name.startsWith("engines-")).length, 1);
  }
  assert.deepEqual(await readdir(join(home, "runs")), []);
});

test("a mistake is an event, a missing file is an error", async () => {
  await using connection = await duet.connect({ home });
  const events = await collect(connection.run({ text: "select nope from nowhere as t;", file: "s.mlsql" }));
  assert.ok(events.some((event) => event.type === "diagnostic" && event.diagnostic.span.file === "s.mlsql"));
  const last = events.at(-1);
  assert.ok(last?.type === "run-finished" && last.outcome === "failed");
  await assert.rejects(collect(connection.run({ file: join(home, "nothing.mlsql") })), { code: "ENOENT" });
});

test("a signal cancels a run", async () => {
  await using connection = await duet.connect({ home });
  const controller = new AbortController();
  const seen: RunEvent[] = [];
  const text =
    "select count(*) as n from range(0, 300000) a cross join range(0, 300000) b where (a.id * b.id) % 7 = 3 as t;";
  for await (const event of connection.run({ text, signal: controller.signal })) {
    seen.push(event);
    if (event.type === "engine" && event.state === "ready") controller.abort();
  }
  const last = seen.at(-1);
  assert.ok(last?.type === "run-finished" && last.outcome === "cancelled");
});

test("a Python script runs on the connection's engines, and its output and exit code are events", async () => {
  await using connection = await duet.connect({ home });
  const source = `import os, sys
from pyspark.sql import SparkSession
print(sys.argv[1:], os.environ["WORD"], SparkSession.builder.getOrCreate().range(7).count())
sys.exit(4)
`;
  await writeFile(join(home, "script.py"), source);
  const run = connection.runPython({
    ...{ file: "script.py", args: ["a", "b"], workingDirectory: home, environment: { WORD: "x" } },
  });
  const events = await collect(run);
  const lines = events.flatMap((event) =>
    event.type === "log" && event.stream === "stdout" ? [event.text] : [],
  );
  assert.deepEqual(lines, ["['a', 'b'] x 7"]);
  const step = events.find((event) => event.type === "step-started");
  assert.match(step?.title ?? "", /count · script\.py:3/u);
  const last = events.at(-1);
  assert.ok(last?.type === "run-finished");
  assert.deepEqual([last.outcome, last.exitCode], ["failed", 4]);
});

test("a reader that stops reading stops a Python script", async () => {
  await using connection = await duet.connect({ home });
  await writeFile(join(home, "endless.py"), "while True:\n    print('x' * 100)\n");
  for await (const event of connection.runPython({ file: join(home, "endless.py") })) {
    if (event.type === "log") break;
  }
  assert.deepEqual(await readdir(join(home, "runs")), []);
});
