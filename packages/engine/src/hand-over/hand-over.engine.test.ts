import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import {
  type BridgeProcess,
  connectRay,
  type JsonValue,
  ObjectRef,
  type RayClient,
  startBridge,
} from "@duet/ray";
import { cellFromValue, type DataFrame, type Row, SparkSession, type Value } from "@duet/spark-connect";
import {
  python,
  pythonPath,
  type SparkServer,
  startApacheSpark,
  startSail,
} from "../../test/spark-server.ts";
import { temporaryFolder } from "../../test/temporary-folder.ts";
import { PLAN_BYTES, handBack } from "./hand-back.ts";
import { handOver } from "./hand-over.ts";
import { handedArgument, type HandedTable } from "./handed-table.ts";

/** Every type that Spark and Arrow both have, a value and a null of each. */
const EVERY_TYPE = `
  select id, cast(id as tinyint) as tiny, cast(id as smallint) as small, cast(id as int) as int,
    cast(id as float) / 3 as float, cast(id as double) / 3 as double,
    cast(id as decimal(10,2)) as money, cast(id as decimal(38,10)) / 7 as long_decimal,
    if(id % 3 = 0, null, concat('row ', cast(id as string))) as text, cast('ab' as binary) as bytes,
    if(id % 3 = 1, null, id % 2 = 0) as yes, date_add(date'1969-12-30', cast(id as int)) as day,
    if(id = 2, timestamp'9999-12-31 23:59:59.999999', timestamp'1582-10-01 03:04:05.123456') as at,
    timestamp_ntz'2024-01-02 03:04:05.123456' as local,
    array(id, null) as list, map('key', id) as map,
    named_struct('x', id, 'inner', named_struct('at', timestamp'2024-01-02 03:04:05')) as nested,
    array(timestamp'2024-01-02 03:04:05') as times, cast(null as int) as nothing
  from range(0, 10, 1, 3)`;

const SEEN_BY_RAY = `
def seen(data):
    import pyarrow as pa
    from duet import table_reader

    table = data if isinstance(data, pa.Table) else table_reader.read(data)
    return {"types": [str(field.type).replace(" ('map')", "") for field in table.schema], "rows": [str(row) for row in table.to_pylist()]}
`;

const MADE_BY_RAY = `
def made(rows):
    import datetime
    import pyarrow as pa

    def at(row):
        return datetime.datetime(2024, 1, 2, 3, 4, 5, row % 1000000, datetime.timezone.utc)

    return pa.table({
        "id": pa.array(range(rows), pa.int64()),
        "text": pa.array([None if row % 5 == 0 else f"row {row}" for row in range(rows)]).dictionary_encode(),
        "small": pa.array([row % 200 for row in range(rows)], pa.uint8()),
        "at": pa.array([at(row) for row in range(rows)], pa.timestamp("us", "UTC")),
        "list": pa.array([[row, None] for row in range(rows)]),
        "span": pa.array([datetime.timedelta(seconds=row) for row in range(rows)]),
    })
`;

const place = (id: number) => (id * 7919) % 400_009;

let bridge: BridgeProcess;
let ray: RayClient;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;

before(async () => {
  folder = await temporaryFolder();
  bridge = await startBridge({ python, pythonPath, directory: join(folder.path, "bridge"), cpus: 2 });
  ray = await connectRay({ url: bridge.url, token: bridge.token });
});

after(async () => {
  await ray[Symbol.asyncDispose]();
  await bridge[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

for (const [engine, start] of [
  ["Sail", startSail],
  ["Apache Spark", startApacheSpark],
] as const) {
  describe(`hand-over with ${engine}`, () => {
    let server: SparkServer;
    let session: SparkSession;
    let directory: string;
    const run = engine;

    before(async () => {
      server = await start(join(folder.path, engine));
      session = await SparkSession.connect({ url: server.url });
      directory = join(folder.path, `${engine}-run`);
    });

    after(async () => {
      await ray.endRun(run);
      await session[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    });

    const hand = (frame: DataFrame, way?: HandedTable["kind"], signal = new AbortController().signal) =>
      handOver(frame, { ray, run, directory, name: "test", signal, ...(way === undefined ? {} : { way }) });

    async function seen(table: HandedTable): Promise<{ types: string[]; rows: string[] }> {
      const task = ray.submit({
        function: { source: SEEN_BY_RAY, name: "seen" },
        arguments: [handedArgument(table)],
        run,
        name: "seen",
      });
      return (await task.result()) as unknown as { types: string[]; rows: string[] };
    }

    const made = async (rows: number) => {
      const task = ray.submit({
        function: { source: MADE_BY_RAY, name: "made" },
        arguments: [rows],
        run,
        name: "made",
      });
      await task.result();
      return task.ref;
    };

    test("both ways give Ray the same rows and types", async () => {
      const frame = session.sql(EVERY_TYPE);
      const [object, files] = [await hand(frame, "object"), await hand(frame, "files")];
      assert.equal(object.kind, "object");
      assert.equal(files.kind, "files");
      assert.equal(object.rows, 10);
      assert.equal(files.rows, 10);
      const [throughMemory, throughFiles] = [await seen(object), await seen(files)];
      assert.deepEqual(throughFiles.types, throughMemory.types);
      // Without an order by the partitions come in any order.
      const rows = throughMemory.rows.toSorted();
      assert.deepEqual(throughFiles.rows.toSorted(), rows);
      assert.ok(throughMemory.types.some((type) => type.startsWith("timestamp[us, tz=")));
      assert.ok(rows[2]?.includes("9999, 12, 31, 23, 59, 59, 999999"));
    });

    test("a table without rows keeps its columns, either way", async () => {
      const frame = session.sql(`select * from (${EVERY_TYPE}) where id < 0`);
      const [object, files] = [await hand(frame, "object"), await hand(frame, "files")];
      assert.deepEqual([object.kind, files.kind], ["object", "object"]);
      const expected = await seen(object);
      assert.equal(expected.types.length, 19);
      assert.deepEqual(await seen(files), expected);
      assert.deepEqual(expected.rows, []);
    });

    test("the order of an order by is kept, whatever its size", async () => {
      const sql = "select id from range(0, 400000, 1, 4) order by pmod(id * 7919, 400009), id";
      const table = await hand(session.sql(sql));
      const ids = (await seen(table)).rows.map((row) => Number(/\d+/u.exec(row)?.[0]));
      const expected = Array.from({ length: 400_000 }, (_, id) => id).sort((a, b) => place(a) - place(b));
      assert.equal(ids.length, expected.length);
      assert.equal(
        ids.findIndex((id, position) => id !== expected[position]),
        -1,
      );
    });

    test("small results go as an object, large ones as files, without being asked", async () => {
      assert.equal((await hand(session.range(0, 100, 1, 2))).kind, "object");
      const large = await hand(session.range(0, 12_000_000, 1, 2).select("id", "id + 1 as next"));
      assert.equal(large.kind, "files");
      assert.equal(large.rows, 12_000_000);
      assert.ok(large.bytes > 100_000_000);
    });

    test("a failed query leaves no files", async () => {
      const before = await readdir(directory);
      const bad = session.sql("select assert_true(id < 50000) as ok, id from range(0, 100000, 1, 2)");
      await assert.rejects(hand(bad, "files"), { name: /Error$/u });
      assert.deepEqual(await readdir(directory), before);
    });

    test("an aborted hand-over rejects with the reason and leaves no files", async () => {
      const before = await readdir(directory);
      const endless = session
        .range(0, 4_000_000_000, 1, 2)
        .select("id", "sha2(cast(id as string), 512) as hash");
      for (const way of ["files", "object"] as const) {
        const reason = new Error("enough");
        const stop = new AbortController();
        setTimeout(() => {
          stop.abort(reason);
        }, 500);
        await assert.rejects(hand(endless, way, stop.signal), (error) => error === reason);
      }
      assert.deepEqual(await readdir(directory), before);
    });

    test("a table of Ray comes back with the same rows and types, small or large", async () => {
      const signal = new AbortController().signal;
      const back = async (rows: number) =>
        handBack(session, ray, [await made(rows)], { run, directory, name: "back", signal, rows });
      const [small, large] = [await back(100), await back(20_000)];
      assert.deepEqual((await large.schema()).fields, (await small.schema()).fields);
      assert.ok(20_000 * 8 * 4 > PLAN_BYTES);
      // As text: Sail keeps the name of the zone that a timestamp came with, an instant is the same by any name.
      const first = async (frame: DataFrame) => {
        const { schema, rows } = await frame.where("id < 100").collectTable();
        const cell = (value: Value, column: number) =>
          cellFromValue(value, schema.fields[column]?.type ?? { kind: "void" });
        return rows.map((row) => row.map(cell));
      };
      assert.deepEqual(await first(large), await first(small));
      assert.equal(await large.count(), 20_000);
      const row = (await small.collect())[7];
      assert.equal(row?.text, "row 7");
      assert.equal(row.small, 7);
    });

    test("a table without rows comes back with its columns", async () => {
      const signal = new AbortController().signal;
      const frame = await handBack(session, ray, [await made(0)], {
        run,
        directory,
        name: "empty",
        signal,
        rows: 0,
      });
      assert.deepEqual(await frame.collect(), []);
      assert.equal((await frame.columns()).length, 6);
    });

    test("there and back again is the same table", async () => {
      const frame = session.sql(EVERY_TYPE);
      const signal = new AbortController().signal;
      const table = await hand(frame, "object");
      assert.equal(table.kind, "object");
      assert.ok(table.ref instanceof ObjectRef);
      const back = await handBack(session, ray, [table.ref], {
        run,
        directory,
        name: "again",
        signal,
        rows: 10,
      });
      const byId = (rows: readonly Row[]) => rows.toSorted((a, b) => Number(a.id) - Number(b.id));
      assert.deepEqual(byId(await back.collect()), byId(await frame.collect()));
    });

    test("what Spark cannot take is refused by its column", async () => {
      const source =
        "def made():\n    import pyarrow as pa\n    return pa.table({'t': pa.array([1], pa.time64('us'))})\n";
      const task = ray.submit({ function: { source, name: "made" }, run, name: "made" });
      const signal = new AbortController().signal;
      const back = handBack(session, ray, [task.ref], { run, directory, name: "bad", signal });
      await assert.rejects(back, {
        code: "type-unknown-to-spark",
        details: { column: "t" } satisfies JsonValue,
      });
    });
  });
}
