import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, mock, test } from "node:test";
import type { EventBody } from "@duet/engine";
import type { ScriptRayTask } from "./ray-steps.ts";
import { ScriptEvents } from "./script-events.ts";

const folder = await mkdtemp(join(tmpdir(), "duet-events-"));
after(() => rm(folder, { recursive: true, force: true }));
const file = join(folder, "train.py");
await writeFile(file, "import x\n\n  df.collect()\n");

function recorded(): { readonly events: ScriptEvents; readonly told: EventBody[] } {
  const told: EventBody[] = [];
  return { events: new ScriptEvents("train.py", (event) => told.push(event)), told };
}

const base = { time: 1_000, process: 1 };
const of = <T extends EventBody["type"]>(told: readonly EventBody[], type: T) =>
  told.filter((event): event is Extract<EventBody, { type: T }> => event.type === type);

test("an operation is a step at its line", () => {
  const { events, told } = recorded();
  events.message({
    ...base,
    type: "operation-started",
    operation: "o",
    kind: "collect",
    title: "t",
    file,
    line: 3,
  });
  events.message({ ...base, type: "operation-progress", operation: "o", stages: [], runningTasks: 2 });
  events.message({
    ...base,
    time: 1_250,
    type: "operation-finished",
    operation: "o",
    outcome: "succeeded",
    rows: 7,
  });
  const [started, progress, finished] = told;
  assert.ok(started?.type === "step-started" && progress?.type === "spark-progress");
  assert.deepEqual(
    [started.engine, started.kind, started.step, progress.step, progress.runningTasks],
    ["spark", "collect", 0, 0, 2],
  );
  assert.deepEqual(started.span, {
    file,
    start: { line: 3, column: 3, offset: 12 },
    end: { line: 3, column: 15, offset: 24 },
  });
  assert.ok(finished?.type === "step-finished");
  assert.deepEqual([finished.duration, finished.rows, finished.engines], [250, 7, { spark: 250 }]);
  assert.deepEqual(events.clock.times, { spark: 250 });
});

test("what has no end by the script's end is cancelled, and strangers are passed over", () => {
  const { events, told } = recorded();
  events.message({
    ...base,
    type: "operation-started",
    operation: "o",
    engine: "duet",
    kind: "hand over",
    title: "t",
  });
  events.message({ ...base, type: "operation-finished", operation: "other", outcome: "succeeded" });
  events.message({ ...base, type: "note", text: "once" });
  events.message({ ...base, type: "note", text: "once" });
  events.end(1_500);
  assert.deepEqual(
    of(told, "step-finished").map(({ outcome, engines }) => [outcome, engines]),
    [["cancelled", { duet: 500 }]],
  );
  assert.equal(of(told, "note").length, 1);
});

const task = (id: string, state: ScriptRayTask["state"], time: number, more: Partial<ScriptRayTask> = {}) =>
  ({ task: id, name: "train", state, time, resources: { CPU: 1 }, ...more }) satisfies ScriptRayTask;

test("tasks of one function are one step, nested ones with it", () => {
  const { events, told } = recorded();
  events.rayTask(task("a", "running", 1_000, { function: "main.<locals>.train", name: "fit SVC" }));
  events.rayTask(task("b", "pending", 1_010));
  events.rayTask(task("c", "running", 1_020, { name: "fold", parent: "a" }));
  events.rayTask(task("c", "finished", 1_500, { name: "fold", parent: "a" }));
  events.rayTask(task("d", "running", 1_100, { name: "Counter.add", function: "Counter.add", actor: "x" }));
  for (const id of ["a", "b", "d"]) events.rayTask(task(id, "finished", 2_000));
  events.end(9_000);
  assert.deepEqual(
    of(told, "step-started").map(({ title, kind, engine }) => [engine, kind, title]),
    [
      ["ray", "task", "train"],
      ["ray", "actor", "Counter"],
    ],
  );
  const nested = of(told, "ray-task").find((event) => event.task === "c");
  assert.deepEqual([nested?.step, nested?.parent], [0, "a"]);
  assert.deepEqual(
    of(told, "step-finished").map(({ outcome, duration }) => [outcome, duration]),
    [
      ["succeeded", 1_000],
      ["succeeded", 900],
    ],
  );
  assert.equal(of(told, "note").length, 0);
});

test("a function that is called again at once goes on with its step; after a pause it is a new one", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const { events, told } = recorded();
  events.rayTask(task("a", "running", 1_000));
  events.rayTask(task("a", "finished", 1_100));
  mock.timers.tick(500);
  events.rayTask(task("b", "running", 1_600));
  events.rayTask(task("b", "finished", 1_700));
  mock.timers.tick(2_000);
  assert.equal(of(told, "step-finished").length, 1);
  events.rayTask(task("b", "finished", 1_700));
  events.rayTask(task("c", "running", 5_000));
  events.rayTask(task("c", "cancelled", 6_000));
  events.end(6_000);
  mock.timers.reset();
  assert.deepEqual(
    of(told, "step-finished").map(({ outcome, duration }) => [outcome, duration]),
    [
      ["succeeded", 700],
      ["cancelled", 1_000],
    ],
  );
  assert.match(of(told, "note")[0]?.text ?? "", /a task of train still ran/u);
});

test("a task that hands a table over is a step of Duet's, not one of the script's tasks", () => {
  const { events, told } = recorded();
  events.rayTask(
    task("a", "running", 1_000, { name: "duet: read table → Ray", function: "read_handed_table" }),
  );
  events.rayTask(task("a", "finished", 1_400, { name: "duet: read table → Ray" }));
  events.end(1_400);
  assert.deepEqual(
    of(told, "step-started").map(({ engine, kind, title }) => [engine, kind, title]),
    [["duet", "task", "read table → Ray"]],
  );
  assert.deepEqual(of(told, "step-finished")[0]?.engines, { duet: 400 });
});

test("a task that the script has cancelled is no news to it", () => {
  const { events, told } = recorded();
  events.rayTask(task("a", "running", 1_000));
  events.rayTask(task("a", "cancelled", 1_500, { error: "TASK_CANCELLED" }));
  events.end(2_000);
  assert.equal(of(told, "step-finished")[0]?.outcome, "cancelled");
  assert.equal(of(told, "note").length, 0);
});

test("a task that failed and was tried again with success has not failed", () => {
  const { events, told } = recorded();
  events.rayTask(task("a", "failed", 1_000, { error: "worker died\nlong story" }));
  events.rayTask(task("a", "running", 1_100));
  events.rayTask(task("a", "finished", 1_200));
  events.rayTask(task("x", "failed", 1_300, { name: "bad", error: "ValueError: no\nlong story" }));
  events.end(2_000);
  assert.deepEqual(
    of(told, "step-finished").map(({ outcome, error }) => [outcome, error]),
    [
      ["succeeded", undefined],
      ["failed", "ValueError: no"],
    ],
  );
});

test("what fails because the script is stopped is cancelled, and nobody is told what is plain", () => {
  const { events, told } = recorded();
  events.message({ ...base, type: "operation-started", operation: "o", kind: "collect", title: "t" });
  events.rayTask(task("a", "running", 1_000));
  events.stopping();
  events.message({
    ...base,
    type: "operation-finished",
    operation: "o",
    outcome: "failed",
    error: "interrupted",
  });
  events.rayTask(task("a", "failed", 1_200, { error: "worker died" }));
  events.end(2_000);
  assert.deepEqual(
    of(told, "step-finished").map(({ outcome, error }) => [outcome, error]),
    [
      ["cancelled", undefined],
      ["cancelled", undefined],
    ],
  );
  assert.equal(of(told, "note").length, 0);
});
