import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { SessionExpiredError, UnsupportedError } from "../errors.ts";
import { SparkSession } from "../spark-session.ts";
import { CAPABILITIES } from "./capabilities.ts";
import type { ServerKind, ServerUnderTest } from "./spark-server.ts";

const ROOT = join(import.meta.dirname, "..", "..", "..", "..");

/** Pickles a function as PySpark would; prints its Python's version and the bytes in base64. */
const PICKLE = `
import base64, sys
from pyspark.cloudpickle import dumps
from pyspark.sql.types import DoubleType
command = dumps((lambda x: x * 1.5, DoubleType()))
print("%d.%d" % sys.version_info[:2], base64.b64encode(command).decode())
`;

/** The session itself: settings, catalogue, functions, files, its end. */
export function sessionSuite(kind: ServerKind, server: () => ServerUnderTest): void {
  const can = CAPABILITIES[kind];
  let session: SparkSession;
  before(async () => {
    session = await SparkSession.connect({ url: server().url });
  });
  after(async () => {
    await session[Symbol.asyncDispose]();
  });

  test("the server says its version", async () => {
    assert.match(await session.version(), /^4\.\d+\.\d+/);
  });

  test("settings are set, read, listed and taken back", async () => {
    await session.conf.set("spark.duet.test", 7);
    assert.equal(await session.conf.get("spark.duet.test"), "7");
    assert.equal((await session.conf.getAll("spark.duet."))["spark.duet.test"], "7");
    await session.conf.unset("spark.duet.test");
    assert.equal(await session.conf.get("spark.duet.test"), undefined);
    assert.equal(typeof (await session.conf.get("spark.sql.session.timeZone")), "string");
  });

  test("settings, views and databases belong to one session", async () => {
    await using other = await SparkSession.connect({ url: server().url });
    await session.conf.set("spark.duet.own", "here");
    await session.sql("select 1 as a").createOrReplaceTempView("own");
    assert.equal(await other.conf.get("spark.duet.own"), undefined);
    assert.equal(await other.catalog.tableExists("own"), false);
  });

  test("a session is taken up again by its id", async () => {
    const sessionId = randomUUID();
    const url = `${server().url}/;session_id=${sessionId};user_id=li;x-duet-test=1`;
    const first = await SparkSession.connect({ url });
    await first.sql("select 1 as a").createOrReplaceTempView("kept");
    const second = await SparkSession.connect({ url: server().url, sessionId, userId: "li" });
    assert.equal(second.sessionId, sessionId);
    assert.deepEqual(await second.table("kept").collect(), [{ a: 1 }]);
    await second[Symbol.asyncDispose]();
    await assert.rejects(first.table("kept").collect(), SessionExpiredError);
    await first[Symbol.asyncDispose]();
  });

  test("the catalogue knows databases and functions", async () => {
    assert.equal(await session.catalog.currentDatabase(), "default");
    await session.execute("create database if not exists other");
    await session.catalog.setCurrentDatabase("other");
    assert.equal(await session.catalog.currentDatabase(), "other");
    await session.catalog.setCurrentDatabase("default");
    assert.equal(await session.catalog.databaseExists("other"), true);
    assert.equal(await session.catalog.databaseExists("nowhere"), false);
    assert.ok((await session.catalog.listDatabases()).some(({ name }) => name === "other"));
    assert.ok((await session.catalog.listFunctions()).some(({ name }) => name === "abs"));
    await session.execute("drop database other");
    const exists = session.catalog.functionExists("abs");
    await (can.functionExists ? exists : assert.rejects(exists, UnsupportedError));
  });

  test("a Python function is callable in SQL", async () => {
    const printed = execFileSync(join(ROOT, can.python), ["-c", PICKLE], { encoding: "utf8" });
    const [pythonVersion = "", command = ""] = printed.trim().split(" ");
    await session.registerFunction({
      name: "times_one_and_a_half",
      command: Buffer.from(command, "base64"),
      evalType: 100,
      outputType: "double",
      pythonVersion,
    });
    const rows = await session
      .sql("select times_one_and_a_half(cast(id as double)) as x from range(3)")
      .collect();
    assert.deepEqual(rows.map((row) => row.x).sort(), [0, 1.5, 3]);
  });

  test("files are taken, or refused with a clear error", async () => {
    for (const size of [10, 100_000]) {
      const sent = session.addArtifact(`files/data-${size}.txt`, new Uint8Array(size).fill(65));
      await (can.artifacts ? sent : assert.rejects(sent, UnsupportedError));
    }
  });

  test("tags are checked and kept", () => {
    session.addTag("report");
    assert.deepEqual([...session.getTags()], ["report"]);
    assert.throws(
      () => {
        session.addTag("a,b");
      },
      { code: "invalid-argument" },
    );
    session.removeTag("report");
    session.addTag("x");
    session.clearTags();
    assert.equal(session.getTags().size, 0);
  });
}
