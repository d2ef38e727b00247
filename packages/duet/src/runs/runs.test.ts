import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { findRun } from "./find-run.ts";
import type { ListedRun } from "./list-runs.ts";
import { OutputLog, readOutputLog } from "./output-log.ts";
import { placeHere, RunRecorder } from "./record-run.ts";
import { outputFile, readRunRecord, readRunRecords, stateHere, writeRunRecord } from "./run-record.ts";

const home = await mkdtemp(join(tmpdir(), "duet-runs-"));
after(() => rm(home, { recursive: true, force: true }));

const description = (run: string) => ({
  run,
  script: "train.py",
  arguments: ["--x", "1"],
  profile: "embedded",
});

test("a run is recorded from its beginning to its end", async () => {
  const recorder = await RunRecorder.begin(
    home,
    description("20261124-100000-aaaaaa"),
    await placeHere(false),
  );
  const begun = await readRunRecord(home, "20261124-100000-aaaaaa");
  assert.ok(begun !== undefined);
  assert.equal(await stateHere(begun), "running");
  const event = { run: begun.run, time: 5, duration: 1, engines: {}, exitCode: 3 };
  await recorder.see({ ...event, type: "run-finished", outcome: "failed" });
  const ended = await readRunRecord(home, begun.run);
  assert.deepEqual(ended?.end, { outcome: "failed", exitCode: 3, time: 5 });
});

test("a run whose process has gone without a word is lost", async () => {
  const place = { kind: "here", process: { pid: process.pid, start: "0" }, detached: false } as const;
  await RunRecorder.begin(home, description("20261124-100001-bbbbbb"), place);
  const record = await readRunRecord(home, "20261124-100001-bbbbbb");
  assert.ok(record !== undefined);
  assert.equal(await stateHere(record), "lost");
});

test("only the newest runs are remembered, and what they printed goes with them", async () => {
  const place = { kind: "cluster", jobs: "http://head:8265" } as const;
  const base = { ...description(""), workingDirectory: "/", started: 1, place };
  await (await OutputLog.create(outputFile(home, "20261124-100000-aaaaaa")))[Symbol.asyncDispose]();
  for (let run = 0; run < 203; run += 1) {
    await writeRunRecord(home, { ...base, run: `20261125-${String(100_000 + run)}-cccccc` });
  }
  const records = await readRunRecords(home);
  assert.equal(records.length, 200);
  assert.ok(records.every(({ run }) => run >= "20261125-100003"));
  assert.ok(!(await readdir(join(home, "run-history"))).includes("20261124-100000-aaaaaa.output"));
});

test("kept output is read back piece by piece, while it grows", async () => {
  const path = outputFile(home, "output");
  const log = await OutputLog.create(path);
  await log.write("stdout", Buffer.from("one"));
  let live = true;
  const read: string[] = [];
  const isLive = (): Promise<boolean> => Promise.resolve(live);
  for await (const { stream, bytes } of readOutputLog(path, isLive, AbortSignal.timeout(10_000))) {
    read.push(`${stream} ${Buffer.from(bytes).toString("latin1")}`);
    if (read.length === 1) await log.write("stderr", Buffer.from("\xff\n", "latin1"));
    if (read.length === 2) {
      await log.write("stdout", Buffer.from("last"));
      live = false;
    }
  }
  await log[Symbol.asyncDispose]();
  assert.deepEqual(read, ["stdout one", "stderr \xff\n", "stdout last"]);
});

test("a run is named by its id, a part that is its alone, or as the last", () => {
  const listed = (run: string): ListedRun => ({
    ...{ run, script: "a.py", arguments: [], profile: "work", state: "running", started: 1 },
    place: { kind: "cluster" },
  });
  const runs = [listed("20261124-140312-ab12cd"), listed("20261124-130000-ab34ef")];
  assert.equal(findRun("last", runs).run, "20261124-140312-ab12cd");
  assert.equal(findRun("20261124-130000-ab34ef", runs), runs[1]);
  assert.equal(findRun("ab34", runs), runs[1]);
  assert.throws(() => findRun("20261124", runs), /may mean 2 runs/u);
  assert.throws(() => findRun("nope", runs), /no run nope/u);
  assert.throws(() => findRun("last", []), /no run last/u);
});
