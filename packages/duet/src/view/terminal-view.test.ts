import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import type { RunEvent } from "@duet/engine";
import { JsonView } from "./json-view.ts";
import { TerminalView } from "./terminal-view.ts";

const base = { run: "r", time: 1_000 };
const start = { line: 1, column: 8, offset: 7 };
const span = { file: "s.mlsql", start, end: { line: 1, column: 12, offset: 11 } };

const events: readonly RunEvent[] = [
  { ...base, type: "run-started", file: "s.mlsql" },
  {
    ...base,
    type: "step-started",
    step: 0,
    engine: "spark",
    kind: "select",
    title: "select 1 as a → t",
    span,
  },
  { ...base, type: "engine", engine: "spark", state: "starting", detail: "Spark" },
  { ...base, type: "engine", engine: "spark", state: "ready", detail: "Sail 0.7.2", time: 1_400 },
  {
    ...base,
    type: "step-finished",
    step: 0,
    outcome: "succeeded",
    duration: 500,
    engines: { spark: 90 },
    rows: 3,
  },
  {
    ...base,
    type: "step-started",
    step: 1,
    engine: "ray",
    kind: "train",
    title: "train t as PythonAlg",
    span,
  },
  { ...base, type: "step-status", step: 1, status: "training 2 groups" },
  { ...base, type: "ray-task", step: 1, task: "x", name: "group 0", state: "running", resources: {} },
  { ...base, type: "log", step: 1, group: 0, stream: "stdout", text: "one\n\u001B[2Jtwo" },
  { ...base, type: "log", step: 1, stream: "stderr", text: "careful" },
  { ...base, type: "message", step: 1, text: "hello" },
  {
    ...{ ...base, type: "table", step: 1, name: "t", truncated: false },
    columns: [{ name: "a", type: "int" }],
    rows: [[1]],
  },
  {
    ...{ ...base, type: "diagnostic", source: "select nope as t;" },
    diagnostic: { code: "unknown-column", severity: "error", message: "there is no nope", span },
  },
  { ...base, type: "step-finished", step: 1, outcome: "failed", duration: 2_500, engines: { ray: 2_000 } },
  { ...base, type: "run-finished", outcome: "failed", duration: 3_100, engines: { spark: 90, ray: 2_000 } },
];

async function shown(quiet: boolean): Promise<{ readonly out: string; readonly err: string }> {
  const out = new PassThrough();
  const err = new PassThrough();
  const view = new TerminalView({ out, err, quiet });
  for (const event of events) await view.show(event);
  await view.close();
  out.end();
  err.end();
  return { out: await text(out), err: await text(err) };
}

test("results go to one stream, the run's story to the other, in plain lines", async () => {
  const { out, err } = await shown(false);
  assert.equal(
    out,
    [
      "group 0 │ one",
      "group 0 │ two",
      "hello",
      "t  1 row",
      "┌───┐",
      "│ a │",
      "├───┤",
      "│ 1 │",
      "└───┘",
      "",
    ].join("\n"),
  );
  const lines = err.split("\n").map((line) => line.replace(/ {2,}/gu, "  "));
  assert.deepEqual(lines.slice(0, 4), [
    "· spark  Sail 0.7.2 is ready  0.40 s",
    "✓ spark  select 1 as a → t  3 rows  0.50 s",
    "· ray  training 2 groups",
    "│ careful",
  ]);
  assert.match(
    err,
    /s\.mlsql:1:8: error\[unknown-column\]: there is no nope\n.*select nope as t;\n.*\^\^\^\^/u,
  );
  assert.deepEqual(lines.slice(-3), [
    "✗ ray  train t as PythonAlg  1 task  2.5 s",
    "Failed after 3.1 s · Spark 0.09 s · Ray 2.0 s · 2 steps",
    "",
  ]);
});

test("quiet: results and mistakes only", async () => {
  const { out, err } = await shown(true);
  assert.match(out, /│ 1 │/u);
  assert.match(err, /^│ careful\ns\.mlsql:1:8: error/u);
  assert.doesNotMatch(err, /spark|Failed|training/u);
});

test("json: every event is a line, and comes back as it was", async () => {
  const out = new PassThrough();
  const err = new PassThrough();
  const view = new JsonView(out, err);
  for (const event of events) await view.show(event);
  await view.close();
  out.end();
  err.end();
  const lines = (await text(out)).trim().split("\n");
  assert.deepEqual(
    lines.map((line) => JSON.parse(line) as unknown),
    events,
  );
  assert.equal(await text(err), "");
});
