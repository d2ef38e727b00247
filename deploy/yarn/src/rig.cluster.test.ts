import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { SparkSession } from "@duet/spark-connect";
import { clusterDaemons } from "./cluster-daemons.ts";
import { lastApplication } from "./daemons/yarn.ts";
import { findJavaHome } from "./find-java.ts";
import { clusterHome, layoutOf, type Layout } from "./layout.ts";
import { readRecord } from "./record.ts";
import { clusterStatus } from "./status.ts";

const run = promisify(execFile);
const { signal } = new AbortController();
const TABLE = `rig_${process.pid}`;

let layout: Layout;
let first: SparkSession;
let second: SparkSession;

before(async () => {
  const record = await readRecord(clusterHome());
  assert.ok(record, "a cluster runs: `npm run cluster -- test` starts one");
  layout = layoutOf(clusterHome(), record.firstPort, await findJavaHome());
  const { spark1, spark2 } = layout.ports;
  first = await SparkSession.connect({ url: `sc://127.0.0.1:${spark1}`, userId: "rig" });
  second = await SparkSession.connect({ url: `sc://127.0.0.1:${spark2}`, userId: "rig" });
});

after(async () => {
  await first.execute(`drop table if exists ${TABLE}`);
  await first.execute(`drop table if exists ${TABLE}_parts`);
  await first[Symbol.asyncDispose]();
  await second[Symbol.asyncDispose]();
});

const stockClient = async (...arguments_: readonly string[]): Promise<unknown> => {
  const script = join(import.meta.dirname, "testing/stock_client.py");
  const { stdout } = await run(join(layout.root, ".venv/bin/python"), [script, ...arguments_], {
    timeout: 180_000,
  });
  return JSON.parse(stdout);
};

test("each daemon answers a real question", async () => {
  const statuses = await clusterStatus(clusterDaemons(layout), layout, await readRecord(layout.home), signal);
  assert.deepEqual(
    statuses.filter(({ state }) => state !== "ready"),
    [],
  );
});

test("both drivers run on YARN, in client mode, with executors of their own", async () => {
  const applications = await Promise.all(
    ["spark-1", "spark-2"].map((name) => lastApplication(layout, name, signal)),
  );
  assert.deepEqual(
    applications.map((application) => application?.state),
    ["RUNNING", "RUNNING"],
  );
  assert.notEqual(applications[0]?.id, applications[1]?.id);
});

test("a Hive table that one driver makes is there for the other at once, with later changes", async () => {
  await first.execute(
    `create table ${TABLE} using parquet as select id, id % 10 as k from range(0, 1000, 1, 4)`,
  );
  const count = () => second.sql(`select count(*) as rows, sum(id) as total from ${TABLE}`).collect();
  assert.deepEqual(await count(), [{ rows: 1000n, total: 499_500n }]);
  await first.execute(`insert into ${TABLE} values (1000, 0)`);
  await second.execute(`refresh table ${TABLE}`);
  assert.deepEqual(await count(), [{ rows: 1001n, total: 500_500n }]);
});

test("a partition that one driver overwrites is what the other reads, and the others stay", async () => {
  const table = `${TABLE}_parts`;
  await first.execute(`create table ${table} (id bigint, day string) using parquet partitioned by (day)`);
  await first.execute(`insert into ${table} partition (day = 'a') select id from range(10)`);
  await first.execute(`insert into ${table} partition (day = 'b') select id from range(20)`);
  await second.execute(`insert overwrite ${table} partition (day = 'a') select id from range(3)`);
  const rows = await second
    .sql(`select day, count(*) as rows from ${table} group by day order by day`)
    .collect();
  assert.deepEqual(rows, [
    { day: "a", rows: 3n },
    { day: "b", rows: 20n },
  ]);
});

test("tasks that read HDFS run where the data is", async () => {
  const application = await lastApplication(layout, "spark-1", signal);
  const before = await localities(application?.id ?? "");
  const rows = await first.sql(`select sum(id) as total from ${TABLE}`).collect();
  assert.equal(rows[0]?.total, 500_500n);
  const read = (await moreLocalities(application?.id ?? "", before.length)).slice(before.length);
  // The last stage adds up what the first one has read; its task may run anywhere.
  assert.ok(read.includes("NODE_LOCAL"), `localities: ${read.join(", ")}`);
  assert.deepEqual(
    read.filter((locality) => ["ANY", "RACK_LOCAL"].includes(locality)),
    [],
  );
});

test("a UDF runs in the packed Python on the executors, and says what it lacks", async () => {
  const answer = (await stockClient("udf", `sc://127.0.0.1:${layout.ports.spark1}`)) as {
    interpreters: readonly string[];
    total: number;
    error: string;
  };
  assert.equal(answer.total, 9_900);
  for (const interpreter of answer.interpreters)
    assert.match(interpreter, /nodemanager\/.*\/container_\w+\/python 4\.3\.0 2\.60\.0$/u);
  assert.match(answer.error, /ModuleNotFoundError: No module named 'a_package_of_the_algorithm'/u);
});

test("Python without Java reads a table's files in HDFS, and writes there", async () => {
  const answer = await stockClient(
    "hdfs",
    "127.0.0.1",
    String(layout.ports.nameNode),
    `/user/hive/warehouse/${TABLE}`,
  );
  assert.deepEqual(answer, { rows: 1001, columns: ["id", "k"], same: true });
});

test("everything listens on this machine's own address alone", async () => {
  const { stdout } = await run("cat", ["/proc/net/tcp", "/proc/net/tcp6"]);
  const { ports } = layout;
  const listening = stdout
    .split("\n")
    .map((line) => line.trim().split(/\s+/u))
    .filter((fields) => fields[3] === "0A")
    .map((fields) => fields[1]?.split(":") ?? [])
    .filter(([, port = ""]) => {
      const number = Number.parseInt(port, 16);
      return number >= ports.nameNode && number < ports.nameNode + 300;
    });
  assert.ok(listening.length > 15, "it sees the cluster's listeners");
  const loopback = ["0100007F", "0000000000000000FFFF00000100007F"];
  assert.deepEqual(
    listening.filter(([address = ""]) => !loopback.includes(address)),
    [],
  );
});

/** As localities, once there are more than `count`: Spark writes its event log a little later than it answers. */
async function moreLocalities(application: string, count: number): Promise<readonly string[]> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    const all = await localities(application);
    if (all.length > count || performance.now() > deadline) return all;
    await sleep(100);
  }
}

/** Where the tasks of an application have run, in the order of their starts, as its event log says it. */
async function localities(application: string): Promise<readonly string[]> {
  const folder = join(layout.logs, "spark-events");
  const file = (await readdir(folder)).find((name) => name.startsWith(application));
  assert.ok(file, `there is an event log of ${application}`);
  return (await readFile(join(folder, file), "utf8"))
    .split("\n")
    .filter((line) => line.startsWith('{"Event":"SparkListenerTaskEnd"'))
    .map((line) => (JSON.parse(line) as { "Task Info": { Locality: string } })["Task Info"].Locality);
}
