import assert from "node:assert/strict";
import { test } from "node:test";
import type { ScriptMessage } from "../script-message.ts";
import { startFailure } from "./job-failure.ts";
import { JobLogReader } from "./job-log-reader.ts";

const record = (kind: string, value: unknown): string => `\x1e${kind}\x1f${JSON.stringify(value)}\x1f\n`;
const BEGIN = record("begin", { version: 1, time: 1, python: "3.11.7", folder: "/tmp/ray/pkg" });
const EXIT = record("exit", { code: 3, stopped: false, time: 2 });

async function read(
  ...lines: readonly string[]
): Promise<{ reader: JobLogReader; out: string; messages: ScriptMessage[] }> {
  let out = "";
  const messages: ScriptMessage[] = [];
  const reader = new JobLogReader(
    {
      onOutput: (stream, bytes) => {
        out += `${stream}:${Buffer.from(bytes).toString()}`;
        return Promise.resolve();
      },
      onMessage: (message) => messages.push(message),
    },
    "/home/ann/project",
  );
  await reader.read(
    (async function* () {
      for (const line of lines) yield await Promise.resolve(Buffer.from(line));
    })(),
  );
  return { reader, out, messages };
}

test("nothing is read after the script's end", async () => {
  const { reader, out } = await read("Ray's words\n", BEGIN, "one\n", EXIT, "Ray's last words\n");
  assert.equal(out, "stdout:one\n");
  assert.deepEqual(reader.preamble, ["Ray's words"]);
  assert.deepEqual(reader.exit, { code: 3, stopped: false });
});

test("places on the cluster become places here", async () => {
  const started = {
    type: "operation-started",
    time: 1,
    process: 2,
    operation: "o",
    kind: "count",
    title: "t",
    line: 3,
  };
  const { messages } = await read(
    BEGIN,
    record("message", { ...started, file: "/tmp/ray/pkg/lib/a.py" }),
    record("message", { ...started, file: "/usr/lib/b.py" }),
    record("message", { type: "of another version" }),
  );
  const files = messages.map((message) => message.type === "operation-started" && message.file);
  assert.deepEqual(files, ["/home/ann/project/lib/a.py", "/usr/lib/b.py"]);
});

test("a script that could not be started says why", async () => {
  const failed = record("failed", { code: "lake-unreachable", message: "no lake" });
  await assert.rejects(read(BEGIN, failed), { code: "lake-unreachable", message: "no lake" });
});

test("a log of another version is a bug that says so", async () => {
  await assert.rejects(read(record("begin", { version: 2 })), /another version of Duet/u);
});

const job = { id: "j", state: "FAILED", entrypoint: "", metadata: {} } as const;

test("the installer's own words are taken out of Ray's traceback", () => {
  const message = `runtime_env setup failed: Failed to set up runtime environment.
[Node 10.0.0.1] Traceback (most recent call last):
  File "/ray/uv.py", line 1, in _run
ray._private.runtime_env.utils.SubprocessCalledProcessError: Run cmd[11] failed with the following details.
Command '['python', '-m', 'uv', 'pip', 'install']' returned non-zero exit status 1.
Last 50 lines of stdout:
      × No solution found when resolving dependencies:
      ╰─▶ Because nope was not found in the package registry`;
  const failure = startFailure({ ...job, message }, []);
  assert.equal(failure.code, "environment-failed");
  assert.match(failure.message, /cluster:\n× No solution found.*\n╰─▶ Because nope was not found/u);
  assert.doesNotMatch(failure.message, /Traceback|File/u);
});

test("a Python that is not there is told with what to set", () => {
  const preamble = ["Running entrypoint for job j: exec python", "/bin/sh: 1: exec: python: not found"];
  const failure = startFailure(
    { ...job, message: "Job entrypoint command failed with exit code 127" },
    preamble,
  );
  assert.equal(failure.code, "job-not-started");
  assert.match(failure.help ?? "", /\[profiles\.<name>\.ray\] python/u);
});
