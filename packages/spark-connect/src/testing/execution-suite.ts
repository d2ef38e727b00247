import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, test } from "node:test";
import { readArrowRows } from "../arrow-values.ts";
import { ConnectionLostError, OperationCancelledError } from "../errors.ts";
import type { ExecutionProgress } from "../progress.ts";
import { SparkSession } from "../spark-session.ts";
import { CAPABILITIES } from "./capabilities.ts";
import { startCuttingProxy } from "./cutting-proxy.ts";
import { startSparkServer } from "./spark-server.ts";
import type { ServerKind, ServerUnderTest } from "./spark-server.ts";

/** Runs for minutes if nobody stops it. */
const LONG = "select count(*) as c from range(0, 1000000000000, 1, 2) where id % 7 = 3";

/** What happens while a plan runs: streams, interrupts, lost connections. */
export function executionSuite(kind: ServerKind, server: () => ServerUnderTest): void {
  const can = CAPABILITIES[kind];
  let session: SparkSession;
  before(async () => {
    session = await SparkSession.connect({ url: server().url });
  });
  after(async () => {
    await session[Symbol.asyncDispose]();
  });

  /** A result that takes long to read. Spark sends a partition when it is whole, so that these must not be large. */
  const endless = () => session.range(0, 200_000_000, 1, 2_000);

  /** Whether an operation of the session still runs: interrupting gives the ids of those that do. */
  const running = () => session.interruptAll();

  for (const delay of [0, 20, 1_000]) {
    test(`an abort after ${delay} ms stops the operation and rejects with the reason`, async () => {
      const reason = new Error("not needed any more");
      const controller = new AbortController();
      const result = session.sql(LONG).collect({ signal: controller.signal });
      const rejected = assert.rejects(result, reason);
      await sleep(delay);
      controller.abort(reason);
      await rejected;
      assert.deepEqual(await running(), []);
    });
  }

  test("an aborted signal starts nothing", async () => {
    const reason = new Error("too late");
    const signal = AbortSignal.abort(reason);
    await assert.rejects(session.sql(LONG).collect({ signal }), reason);
    await assert.rejects(session.sql("select 1").schema({ signal }), reason);
    await assert.rejects(session.conf.get("spark.app.name", { signal }), reason);
    await assert.rejects(session.sql("select 1").createOrReplaceTempView("v", { signal }), reason);
  });

  test("a reader that stops early stops the operation", async () => {
    for await (const { rowCount } of endless().arrowBatches()) {
      assert.ok(rowCount > 0);
      break;
    }
    assert.deepEqual(await running(), []);
  });

  test("interrupts by id, by tag and of all end in an error, never in a part of the result", async () => {
    const interrupts = [
      (operationId: string) => session.interruptOperation(operationId),
      () => session.interruptTag("duet-tag"),
      () => session.interruptAll(),
    ];
    for (const interrupt of interrupts) {
      const operationId = randomUUID();
      const result = session.sql(LONG).collect({ operationId, tags: ["duet-tag"] });
      const rejected = assert.rejects(result, OperationCancelledError);
      await sleep(700);
      assert.ok((await interrupt(operationId)).includes(operationId));
      await rejected;
    }
  });

  test("an interrupt by another client ends in an error, within the rows too", async () => {
    const { sessionId } = session;
    const other = await SparkSession.connect({ url: server().url, sessionId });
    const reading = (async () => {
      let interrupted = false;
      for await (const batch of endless().arrowBatches()) {
        if (!interrupted && batch.rowCount > 0) {
          interrupted = true;
          await other.interruptAll();
        }
      }
    })();
    await assert.rejects(reading, OperationCancelledError);
  });

  test("progress tells stages and tasks where the server reports them", async () => {
    const reports: ExecutionProgress[] = [];
    const onProgress = (progress: ExecutionProgress) => reports.push(progress);
    const metrics: string[] = [];
    const options = {
      onProgress,
      onMetrics: (list: readonly { name: string }[]) => metrics.push(...list.map(({ name }) => name)),
    };
    await session.sql("select sum(sqrt(id)) from range(0, 30000000, 1, 8)").collect(options);
    if (can.progress) {
      const tasks = reports.flatMap((report) => report.stages.map((stage) => stage.tasks));
      assert.ok(Math.max(...tasks) >= 1, JSON.stringify(reports));
      assert.ok(metrics.length > 0);
    } else {
      assert.deepEqual([reports, metrics], [[], []]);
    }
  });

  test("many operations run side by side on one session", async () => {
    const counts = await Promise.all(
      Array.from({ length: 12 }, (_, index) => session.range(0, 1_000 * (index + 1), 1, 2).count()),
    );
    assert.deepEqual(
      counts,
      Array.from({ length: 12 }, (_, index) => 1_000 * (index + 1)),
    );
  });

  test("a slow reader does not hold up others on its connection", async () => {
    const batches = session.range(0, 20_000_000, 1, 8).arrowBatches();
    await batches.next();
    assert.equal(await session.range(0, 1_000_000, 1, 2).count(), 1_000_000);
    let rows = 0;
    for await (const { rowCount } of session.range(0, 1_000_000, 1, 2).arrowBatches()) {
      rows += rowCount;
    }
    assert.equal(rows, 1_000_000);
    await batches.return();
  });

  test("a large result streams in flat memory", async () => {
    const columns = Array.from({ length: 10 }, (_, index) => `id + ${index} as c${index}`);
    const frame = session.range(0, can.largeResultRows, 1, 64).select(...columns);
    const before = process.memoryUsage().rss;
    let [rows, bytes, peak] = [0, 0, 0];
    for await (const { data, rowCount } of frame.arrowBatches()) {
      rows += rowCount;
      bytes += data.length;
      peak = Math.max(peak, process.memoryUsage.rss());
    }
    assert.equal(rows, can.largeResultRows);
    assert.ok(bytes >= rows * 80);
    assert.ok(peak - before < 300e6, `grew by ${Math.round((peak - before) / 1e6)} MB`);
  });

  test("a broken connection neither loses nor repeats a row, or is an error", async () => {
    await using proxy = await startCuttingProxy(server().url, [2_000_000, 3_000_000, 3_000_000]);
    await using cut = await SparkSession.connect({ url: proxy.url });
    let [sum, rows] = [0n, 0];
    const reading = (async () => {
      for await (const batch of cut.range(0, 2_000_000, 1, 4).arrowBatches()) {
        rows += batch.rowCount;
        for (const [id] of readArrowRows(batch.data)) {
          sum += id as bigint;
        }
      }
    })();
    if (!can.resume) {
      await assert.rejects(reading, ConnectionLostError);
      return;
    }
    await reading;
    assert.equal(rows, 2_000_000);
    assert.equal(sum, (2_000_000n * 1_999_999n) / 2n);
    assert.ok(proxy.cuts() >= 2, `${proxy.cuts()} cuts`);
  });
}

/** What happens when the server itself goes away. */
export function lostServerTest(kind: ServerKind): void {
  test(`${kind}: a server that is gone is a clear error within seconds`, async () => {
    await using server = await startSparkServer(kind);
    await using session = await SparkSession.connect({ url: server.url, retry: { maxRetries: 3 } });
    const result = session.sql(LONG).collect();
    const rejected = assert.rejects(result, ConnectionLostError);
    await sleep(500);
    await server.kill();
    const killed = Date.now();
    await rejected;
    await assert.rejects(session.sql("select 1").collect(), ConnectionLostError);
    assert.ok(Date.now() - killed < 10_000);
  });
}
