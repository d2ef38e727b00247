import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { after, test } from "node:test";
import type { RunEvent } from "duet";
import { runFixture } from "./run-fixture.ts";

const fixture = await runFixture();
after(() => fixture[Symbol.asyncDispose]());

/** The process that this test has started, by way of others, whose command line holds `word`. */
function engineProcess(word: string): number {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/u.test(name));
  const parents = new Map(pids.map((pid) => [pid, /^PPid:\s*(\d+)/mu.exec(read(pid, "status"))?.[1]]));
  const isOurs = (pid: string | undefined): boolean =>
    pid !== undefined && (pid === String(process.pid) || isOurs(parents.get(pid)));
  const found = pids.find(
    (pid) => pid !== String(process.pid) && isOurs(pid) && read(pid, "cmdline").includes(word),
  );
  if (found === undefined) throw new Error(`this test has started nothing that runs ${word}`);
  return Number(found);
}

function read(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    // The process has ended in between.
    return "";
  }
}

/** Kills a process once, when the run has come to a point. */
function killAt(word: string, reached: (event: RunEvent) => boolean): (event: RunEvent) => void {
  let killed = false;
  return (event) => {
    if (killed || !reached(event)) return;
    killed = true;
    process.kill(engineProcess(word), "SIGKILL");
  };
}

test("a Ray that is lost while it trains fails the run with a clear error", { timeout: 60_000 }, async () => {
  const report = await fixture.run(
    `set code='''
import time
print('running', flush=True)
time.sleep(600)
''';
load script.\`code\` as code;
select id as a from range(10) as data;
train data as PythonAlg.\`model\` where scripts="code";`,
    { onEvent: killAt("raylet/raylet", (event) => event.type === "log" && event.text.includes("running")) },
  );
  assert.equal(report.outcome, "failed");
  assert.deepEqual(
    report.diagnostics.map(({ code, line }) => [code, line]),
    [["ray-lost", 8]],
  );
});

test(
  "a Spark that is lost while it works fails the run with a clear error",
  { timeout: 60_000 },
  async () => {
    const report = await fixture.run(
      `select sum(sqrt(a.id + b.id)) as s from range(1000000) a cross join range(1000000) b as slow;
save overwrite slow as parquet.\`slow\`;`,
      {
        onEvent: (event) => {
          if (event.type === "step-started" && event.kind === "save") setTimeout(kill, 1000);
        },
      },
    );
    assert.equal(report.outcome, "failed");
    assert.deepEqual(
      report.diagnostics.map(({ code, line }) => [code, line]),
      [["connection-lost", 2]],
    );
  },
);

function kill(): void {
  process.kill(engineProcess("duet.keeper"), "SIGKILL");
}
