import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { DriverConnection } from "../proxy/driver-connection.ts";
import { startScriptedDriver } from "../testing/scripted-driver.ts";
import { HealthCheck } from "./health.ts";
import { processorTime } from "./processor-time.ts";
import { type ProcessorTime, Watch } from "./watch.ts";

/** Watches a driver that takes calls and answers none; gives how often it was looked whether its processes work. */
async function looksUntilLost(busy: number, time: ProcessorTime): Promise<number> {
  let looks = 0;
  await using driver = await startScriptedDriver(() => undefined);
  using connection = new DriverConnection(driver);
  using watch = new Watch(
    connection,
    new HealthCheck(connection, 30),
    { interval: 10, failures: 2, busy },
    () => {
      looks += 1;
      return time();
    },
  );
  await assert.rejects(watch.run(new AbortController().signal), /has not answered/u);
  return looks;
}

test("a silent driver is lost after so many checks when its processes rest, or nobody can tell", async () => {
  assert.equal(await looksUntilLost(60_000, () => Promise.resolve(7)), 2);
  assert.equal(await looksUntilLost(60_000, () => Promise.resolve(undefined)), 2);
});

test("one that works is borne with for longer, but not for ever", async () => {
  assert.ok((await looksUntilLost(400, () => Promise.resolve(performance.now()))) > 4);
});

test("the time of a process and its children is told by their group", async () => {
  const work = "const end = Date.now() + 60_000; while (Date.now() < end);";
  const child = spawn("sh", ["-c", `"$0" -e '${work}' & wait`, process.execPath], { detached: true });
  await once(child, "spawn");
  const { pid = 0 } = child;
  try {
    while (((await processorTime(pid)) ?? 0) < 100);
  } finally {
    process.kill(-pid, "SIGKILL");
    await once(child, "exit");
  }
  assert.equal(await processorTime(2 ** 30), undefined, "a group that there is not");
});
