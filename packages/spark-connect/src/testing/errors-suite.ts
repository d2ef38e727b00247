import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import { after, before, test } from "node:test";
import {
  AnalysisError,
  ConnectionLostError,
  ExecutionError,
  ParseError,
  SparkConnectError,
  UnsupportedError,
} from "../errors.ts";
import { SparkSession } from "../spark-session.ts";
import { CAPABILITIES } from "./capabilities.ts";
import type { ServerKind, ServerUnderTest } from "./spark-server.ts";

async function failure(work: Promise<unknown>): Promise<SparkConnectError> {
  try {
    await work;
  } catch (error) {
    assert.ok(error instanceof SparkConnectError, String(error));
    return error;
  }
  throw new assert.AssertionError({ message: "it did not fail" });
}

/** What failures look like. */
export function errorsSuite(kind: ServerKind, server: () => ServerUnderTest): void {
  const can = CAPABILITIES[kind];
  let session: SparkSession;
  before(async () => {
    session = await SparkSession.connect({ url: server().url });
  });
  after(async () => {
    await session[Symbol.asyncDispose]();
  });

  test("a text that is no SQL says where it goes wrong, in characters", async () => {
    const error = await failure(session.sql("select '数据' as a,\n  1 frm x y").collect());
    assert.ok(error instanceof ParseError);
    assert.equal(error.code, "parse-error");
    assert.deepEqual([error.position?.line, error.position?.column], [2, 9]);
    const command = await failure(session.execute("selec 1"));
    assert.ok(command instanceof ParseError);
    assert.deepEqual([command.position?.line, command.position?.column], [1, 1]);
  });

  test("an unknown table keeps Spark's class, state, parameters and context", async () => {
    const frame = session.sql("select * from nowhere");
    for (const work of [
      () => frame.collect(),
      () => frame.schema(),
      () => frame.createOrReplaceTempView("v"),
      () => frame.limit(3).collect(),
    ]) {
      const error = await failure(work());
      assert.ok(error instanceof AnalysisError);
      assert.equal(error.errorClass, "TABLE_OR_VIEW_NOT_FOUND");
      assert.ok(error.message.startsWith("analysis-error: "));
      assert.match(error.rawMessage, /nowhere/);
      assert.doesNotMatch(error.rawMessage, /UnresolvedRelation/);
      if (can.errorDetails) {
        assert.equal(error.sqlState, "42P01");
        assert.equal(error.messageParameters.relationName, "`nowhere`");
        assert.equal(error.queryContexts[0]?.fragment, "nowhere");
        assert.match(error.plan ?? "", /UnresolvedRelation/);
        assert.match(error.serverStackTrace ?? "", /^\tat org\.apache\.spark/m);
      }
      if (can.analysisPositions) {
        assert.deepEqual([error.position?.line, error.position?.column], [1, 15]);
      }
    }
  });

  for (const [what, sql] of [
    ["an unknown column", "select nope from range(3)"],
    ["an unknown function", "select nofunction(1)"],
    ["types that do not fit", "select explode(1)"],
    ["an unknown format", "create table t using noformat as select 1 as a"],
  ] as const) {
    test(`${what} is an analysis error`, async () => {
      const error = await failure(session.execute(sql).then((frame) => frame.collect()));
      assert.ok(error instanceof AnalysisError, `${error.message} (${error.serverClasses.join()})`);
    });
  }

  for (const [what, sql] of [
    ["a cast", "select cast(s as int) from values ('1'), ('x') as t(s)"],
    ["a division", "select 1 / a from values (1), (0) as t(a)"],
    ["an index", "select array(1)[a] from values (5) as t(a)"],
    ["an assertion", "select raise_error(concat('told ', a)) from values ('so') as t(a)"],
  ] as const) {
    test(`${what} that fails is an execution error`, async () => {
      await session.conf.set("spark.sql.ansi.enabled", true);
      const error = await failure(session.sql(sql).collect());
      // Sail takes what the text itself raises for an analysis error.
      assert.ok(
        error instanceof ExecutionError || (kind === "sail" && what === "an assertion"),
        error.message,
      );
      assert.doesNotMatch(error.rawMessage, /^\s*at /m);
      assert.ok(!can.errorDetails || error.sqlState !== undefined);
    });
  }

  test("a statement that the server lacks is said to be unsupported", async () => {
    const error = await failure(session.execute("alter table nowhere add columns (a int)"));
    assert.ok(error instanceof (kind === "sail" ? UnsupportedError : AnalysisError));
  });

  test("data that is too large for a plan is refused at once", async () => {
    const frame = session.createDataFrame([{ text: "x".repeat(129 * 1024 * 1024) }]);
    const error = await failure(frame.count());
    assert.equal(error.code, "invalid-argument");
    assert.match(error.rawMessage, /too large/);
  });

  test("nothing behind the address is a clear error within seconds", async () => {
    const started = Date.now();
    const error = await failure(SparkSession.connect({ url: "sc://127.0.0.1:1" }));
    assert.ok(error instanceof ConnectionLostError);
    assert.equal(error.code, "cannot-connect");
    assert.match(error.rawMessage, /127\.0\.0\.1:1/);
    assert.ok(Date.now() - started < 15_000);
  });

  test("something else behind the address is a clear error", async () => {
    const other = createServer((_, response) => response.end("hello")).listen(0, "127.0.0.1");
    await once(other, "listening");
    const address = other.address();
    assert.ok(typeof address === "object" && address !== null);
    const url = `sc://127.0.0.1:${address.port}`;
    const error = await failure(SparkSession.connect({ url, retry: { maxRetries: 1 } }));
    assert.equal(error.code, "cannot-connect");
    other.close();
  });

  test("a wait for a server ends with the signal's reason", async () => {
    const reason = new Error("enough");
    const controller = new AbortController();
    setTimeout(() => {
      controller.abort(reason);
    }, 100);
    await assert.rejects(
      SparkSession.connect({ url: "sc://127.0.0.1:1", signal: controller.signal }),
      reason,
    );
  });
}
