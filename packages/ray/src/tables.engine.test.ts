import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { RecordBatchReader, tableFromArrays, tableFromIPC, tableToIPC, type Table } from "apache-arrow";
import { python, startFixture, type BridgeFixture } from "./bridge.fixture.ts";

async function* streams(...tables: readonly Table[]): AsyncGenerator<Uint8Array> {
  for (const table of tables) yield await Promise.resolve(tableToIPC(table, "stream"));
}

async function read(chunks: AsyncIterable<Uint8Array>): Promise<Table> {
  return tableFromIPC(await RecordBatchReader.from(chunks));
}

describe("tables in and out of a real Ray", () => {
  let fixture: BridgeFixture;
  before(async () => {
    fixture = await startFixture();
  });
  after(async () => {
    await fixture[Symbol.asyncDispose]();
  });

  test("several streams become one table, which a task turns into another", async () => {
    const { client } = fixture;
    const part = (from: number): Table =>
      tableFromArrays({ id: Int32Array.from([from, from + 1]), name: [`n${from}`, "ü"] });
    const stored = await client.putTable(streams(part(1), part(3)), { run: "small", rows: 4 });
    assert.equal(stored.rows, 4);
    assert.ok(stored.bytes > 0);
    const task = client.submit({
      function: python(
        "import pyarrow as pa\nimport pyarrow.compute as pc\ndef add(t):\n    return t.append_column('twice', pc.multiply(t['id'], 2))",
      ),
      arguments: [stored.ref],
      run: "small",
    });
    const described = (await task.result()) as { rows: number; columns: string[] };
    assert.equal(described.rows, 4);
    assert.deepEqual(described.columns, ["id", "name", "twice"]);
    const table = await read(client.getTable(task.ref));
    assert.deepEqual(Array.from(table.getChild("twice") ?? [], Number), [2, 4, 6, 8]);
    assert.deepEqual([...(table.getChild("name") ?? [])], ["n1", "ü", "n3", "ü"]);
    await client.endRun("small");
  });

  test("an empty table keeps its columns; a batch counts as a table", async () => {
    const { client } = fixture;
    const empty = tableFromArrays({ id: new Int32Array(0) });
    const stored = await client.putTable(streams(empty), { run: "empty" });
    assert.equal(stored.rows, 0);
    const table = await read(client.getTable(stored.ref));
    assert.deepEqual(
      table.schema.fields.map((field) => field.name),
      ["id"],
    );
    const batch = client.submit({
      function: python(
        "import pyarrow as pa\ndef batch():\n    return pa.RecordBatch.from_pydict({'a': [1, 2]})",
      ),
      run: "empty",
    });
    assert.equal((await read(client.getTable(batch.ref))).numRows, 2);
    await client.endRun("empty");
  });

  test("100 MB go in and come out unchanged", async () => {
    const { client } = fixture;
    const values = Float64Array.from({ length: 1_250_000 }, (_, index) => index / 3);
    const chunk = tableToIPC(tableFromArrays({ value: values }), "stream");
    async function* ten(): AsyncGenerator<Uint8Array> {
      for (let index = 0; index < 10; index += 1) yield await Promise.resolve(chunk);
    }
    const stored = await client.putTable(ten(), { run: "large" });
    assert.equal(stored.rows, 12_500_000);
    const sum = client.submit({
      function: python("import pyarrow.compute as pc\ndef total(t):\n    return pc.sum(t['value']).as_py()"),
      arguments: [stored.ref],
      run: "large",
    });
    const expected = 10 * values.reduce((total, value) => total + value, 0);
    assert.ok(Math.abs(Number(await sum.result()) - expected) < 1e-6 * expected);
    let bytes = 0;
    for await (const part of client.getTable(stored.ref)) bytes += part.byteLength;
    assert.ok(bytes >= 100_000_000);
    await client.endRun("large");
  });

  test("what is no table is refused", async () => {
    const { client } = fixture;
    async function* nothing(): AsyncGenerator<Uint8Array> {
      await Promise.resolve();
      yield* [];
    }
    async function* noise(): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(Buffer.from("not arrow at all"));
    }
    const one = tableFromArrays({ a: Int32Array.of(1) });
    const other = tableFromArrays({ b: ["x"] });
    await assert.rejects(client.putTable(nothing(), { run: "bad" }), { code: "table-invalid" });
    await assert.rejects(client.putTable(noise(), { run: "bad" }), { code: "table-invalid" });
    await assert.rejects(client.putTable(streams(one, other), { run: "bad" }), { code: "table-invalid" });
    await assert.rejects(client.putTable(streams(one), { run: "bad", rows: 2 }), { code: "table-invalid" });
    const ref = await client.putJson(1, { run: "bad" });
    await assert.rejects(read(client.getTable(ref)), { code: "not-a-table" });
    const failed = client.submit({ function: python("def no():\n    raise OSError('no')"), run: "bad" });
    await assert.rejects(read(client.getTable(failed.ref)), { code: "task-failed", message: /no/ });
    await client.endRun("bad");
  });

  test("a source that fails half way stores nothing", async () => {
    const { client } = fixture;
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield* streams(tableFromArrays({ a: Int32Array.of(1) }));
      throw new Error("Spark said no");
    }
    await assert.rejects(client.putTable(broken(), { run: "broken" }), /Spark said no/);
    const controller = new AbortController();
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield* streams(tableFromArrays({ a: Int32Array.of(1) }));
      controller.abort(new Error("enough"));
      await new Promise(() => undefined);
    }
    await assert.rejects(client.putTable(endless(), { run: "broken", signal: controller.signal }), /enough/);
    await client.endRun("broken");
  });
});
