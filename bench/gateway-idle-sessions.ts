/**
 * 1,000 idle sessions, each with a setting and a view: the gateway's memory; then the gateway is killed (`kill -9`) and
 * started anew over the same store, and every session goes on. `node bench/gateway-idle-sessions.ts [--quick]`: with
 * `--quick` 200 sessions.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testLauncher } from "@duet/gateway/testing";
import { SparkSession } from "@duet/spark-connect";
import { type BenchDriver, startGatewayProcess } from "./lib/gateway-process.ts";
import { report } from "./lib/report.ts";

const count = process.argv.includes("--quick") ? 200 : 1_000;

/** Sessions that are opened, or asked, at the same time. */
const AT_ONCE = 20;

async function forEach(work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

const folder = await mkdtemp(join(tmpdir(), "duet-bench-"));
await using cleaning = new AsyncDisposableStack();
cleaning.defer(() => rm(folder, { recursive: true }));
const launcher = await testLauncher("sail", folder, "sail");
await using server = await launcher.launch(new AbortController().signal);
const driver: BenchDriver = { id: "sail", kind: "address", ...server.address };
const store = join(folder, "gateway.db");
const first = await startGatewayProcess({ drivers: [driver], store });
const { gateway: url } = first;
const before = await first.memory();
const sessions: SparkSession[] = [];
await forEach(async (index) => {
  const session = await SparkSession.connect({ url });
  await session.conf.set("spark.duet.bench.number", String(index));
  await session.sql(`select ${String(index)} as mine`).createOrReplaceTempView("v");
  sessions[index] = session;
});
const memory = await first.memory();
await first.kill();

const began = performance.now();
await using second = await startGatewayProcess({
  drivers: [driver],
  store,
  port: Number(new URL(url.replace(/^sc:/u, "http:")).port),
});
const restarted = (performance.now() - began) / 1000;
let goOn = 0;
await forEach(async (index) => {
  const session = sessions[index];
  const rows = await session?.table("v").collect();
  const number = await session?.conf.get("spark.duet.bench.number");
  if (rows?.length === 1 && rows[0]?.mine === index && number === String(index)) goOn += 1;
});
const asked = (performance.now() - began) / 1000 - restarted;
await report(
  "gateway-idle-sessions",
  [
    {
      what: `memory of the gateway with ${count.toLocaleString("en-US")} idle sessions`,
      unit: "MB",
      ours: memory,
      target: { kind: "at-most", value: 250 },
    },
    {
      what: "memory of the restarted gateway, after all have been asked",
      unit: "MB",
      ours: await second.memory(),
      target: { kind: "at-most", value: 250 },
    },
    {
      what: "sessions that go on after a restart of the gateway",
      unit: "sessions",
      ours: goOn,
      target: { kind: "at-least", value: count },
    },
  ],
  [
    `Each session has a setting and a view; without sessions the gateway takes ${before.toFixed(0)} MB (resident size). Killed, it was back after ${restarted.toFixed(1)} s, and all sessions were asked for their view and setting within ${asked.toFixed(1)} s more.`,
  ],
);
for (const session of sessions) await session[Symbol.asyncDispose]();
