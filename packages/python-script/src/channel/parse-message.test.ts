import assert from "node:assert/strict";
import { test } from "node:test";
import { parseScriptMessage } from "./parse-message.ts";

const base = { time: 1, process: 2 };

test("messages of all kinds are read", () => {
  const messages = [
    { ...base, type: "need", id: 1, engine: "ray" },
    { ...base, type: "spark-session", url: "sc://h:1", userId: "u", sessionId: "s" },
    {
      ...base,
      type: "operation-started",
      operation: "o",
      kind: "collect",
      title: "t",
      file: "f.py",
      line: 3,
    },
    { ...base, type: "operation-started", operation: "o", engine: "duet", kind: "hand over", title: "t" },
    {
      ...{ ...base, type: "operation-progress", operation: "o", runningTasks: 1 },
      stages: [{ id: 0, tasks: 4, completed: 1, bytesRead: 9 }],
    },
    { ...base, type: "operation-finished", operation: "o", outcome: "failed", rows: 0, error: "no" },
    { ...base, type: "ray-job", job: "02000000" },
    { ...base, type: "note", text: "n" },
  ];
  for (const message of messages) assert.deepEqual(parseScriptMessage(JSON.stringify(message)), message);
});

test("anything else is no message", () => {
  const lines = [
    "",
    "no JSON",
    "[]",
    JSON.stringify({ ...base, type: "other" }),
    JSON.stringify({ type: "note", text: "without a time" }),
    JSON.stringify({ ...base, type: "need", id: "1", engine: "ray" }),
    JSON.stringify({ ...base, type: "need", id: 1, engine: "flink" }),
    JSON.stringify({ ...base, type: "operation-finished", operation: "o", outcome: "odd" }),
  ];
  for (const line of lines) assert.equal(parseScriptMessage(line), undefined, line);
});
