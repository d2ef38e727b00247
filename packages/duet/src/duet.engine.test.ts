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
