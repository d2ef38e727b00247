import assert from "node:assert/strict";
import { test } from "node:test";
import picocolors from "picocolors";
import type { RunEvent, TaskState } from "@duet/engine";
import { liveLines } from "./live-lines.ts";
import { RunState } from "./run-state.ts";
import { textWidth } from "./text-width.ts";

const plain = picocolors.createColors(false);
const base = { run: "r", time: 1_000 };
const position = { line: 1, column: 1, offset: 0 };
const span = { file: "f", start: position, end: position };

const started = (step: number, engine: "spark" | "ray", title: string): RunEvent => ({
  ...{ ...base, type: "step-started", step, engine, kind: "select", title, span },
});
const task = (id: string, name: string, state: TaskState, parent?: string): RunEvent => ({
  ...{ ...base, type: "ray-task", step: 1, task: id, name, state, resources: {} },
  ...(parent === undefined ? {} : { parent }),
});

function linesOf(events: readonly RunEvent[], size = { columns: 100, rows: 30 }): readonly string[] {
  const state = new RunState();
  for (const event of events) state.apply(event);
  return liveLines(state, 3_000, size, plain);
}

test("both engines' work stands in one view", () => {
  const lines = linesOf([
    started(0, "spark", "select … as data"),
    {
      ...{ ...base, type: "spark-progress", step: 0, runningTasks: 2 },
      stages: [
        { id: 3, tasks: 10, completed: 10, bytesRead: 0 },
        { id: 4, tasks: 30, completed: 10, bytesRead: 2_000_000 },
      ],
    },
    started(1, "ray", "train data as PythonAlg → /tmp/model"),
    { ...base, type: "step-status", step: 1, status: "training 2 groups" },
    task("a", "group 0", "running"),
    task("b", "group 1", "pending"),
    task("c", "f", "finished", "a"),
    task("d", "f", "running", "a"),
    task("e", "g", "waiting", "c"),
  ]);
  assert.match(lines[0] ?? "", /^\S spark {2}select … as data .* 2\.0 s$/u);
  assert.match(lines[1] ?? "", /━ 20\/40 tasks · stage 4 · 2 running · 2\.0 MB read/u);
  assert.match(lines[2] ?? "", /^\S ray {4}train data/u);
  assert.deepEqual(
    lines.slice(3).map((line) => line.trim()),
    [
      "training 2 groups",
      "group 0  running",
      "└ f  1 running, 1 finished",
      "└ g  1 waiting",
      "group 1  pending",
    ],
  );
});

test("tasks of one name are counted together", () => {
  const events = [
    started(1, "ray", "train"),
    ...Array.from({ length: 4 }, (_, n) => task(`t${n}`, "train", n === 0 ? "finished" : "running")),
    task("n1", "fold", "running", "t1"),
    task("n2", "fold", "pending", "t2"),
  ];
  assert.deepEqual(
    linesOf(events)
      .slice(1)
      .map((line) => line.trim()),
    ["train  3 running, 1 finished", "└ fold  1 running, 1 pending"],
  );
});

test("the area never outgrows the terminal", () => {
  const events = [
    started(1, "ray", "t".repeat(300)),
    ...Array.from({ length: 50 }, (_, n) => task(`t${n}`, `task ${n}`, "running")),
  ];
  const lines = linesOf(events, { columns: 40, rows: 5 });
  assert.equal(lines.length, 4);
  for (const line of lines) assert.ok(textWidth(line) <= 40, line);
});

test("what has ended is in motion no more", () => {
  const finished: RunEvent = {
    ...base,
    type: "step-finished",
    step: 0,
    outcome: "succeeded",
    duration: 5,
    engines: {},
  };
  assert.deepEqual(linesOf([started(0, "spark", "select"), finished]), []);
  const engine = { ...base, type: "engine", engine: "spark", detail: "Sail" } as const;
  assert.match(linesOf([{ ...engine, state: "starting" }])[0] ?? "", /starting Sail/u);
  assert.deepEqual(
    linesOf([
      { ...engine, state: "starting" },
      { ...engine, state: "ready" },
    ]),
    [],
  );
});
