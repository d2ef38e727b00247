import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { type DuetResult, TestHome } from "../packages/duet/src/cli/duet-process.fixture.ts";

const root = join(import.meta.dirname, "..");
const example = (name: string): string => join(root, "examples", name);

/** What ray-tasks/resources.py asks for. */
const RESOURCES = '{"licence": 3}';

const home = await TestHome.make();
before(async () => {
  const up = await home.run(["up", "--gpus", "1", "--resources", RESOURCES]);
  assert.equal(up.code, 0, up.stderr);
});
after(async () => {
  await home.run(["down"]);
  await home[Symbol.asyncDispose]();
});

/** Runs an example, which has to succeed. */
async function run(name: string, ...parameters: readonly string[]): Promise<DuetResult> {
  const result = await home.run(["run", example(name), ...parameters]);
  assert.equal(result.code, 0, `${name} failed:\n${result.stdout}\n${result.stderr}`);
  return result;
}

type Line = string | RegExp;

const matches = (line: string, wanted: Line): boolean =>
  typeof wanted === "string" ? line === wanted : wanted.test(line);

/** The lines are there in this order; Ray's own and those of tasks may stand between them. */
function assertLines({ stdout }: DuetResult, expected: readonly Line[]): void {
  const left = [...expected];
  for (const line of stdout.split("\n")) {
    const [next] = left;
    if (next !== undefined && matches(line, next)) left.shift();
  }
  assert.deepEqual(left, [], stdout);
}

/** Opens the table of the models and tries them on the rows that they were trained with. */
const TRY_MODELS = `
import base64, json, pickle, sys
import numpy, pyarrow.parquet
from sklearn.datasets import load_svmlight_file

features, labels = load_svmlight_file(sys.argv[1], n_features=300)
for row in pyarrow.parquet.read_table(sys.argv[2]).to_pylist():
    model = row["model"]
    model = pickle.loads(base64.decodebytes(model.encode()) if isinstance(model, str) else model)
    score = model.score(features.toarray(), labels)
    print(json.dumps([row["name"], type(model).__name__, score, row.get("score", score)]))
`;

type ModelRow = readonly [name: string, type: string, score: number, said: number];

async function tryModels(data: string, table: string): Promise<readonly ModelRow[]> {
  const python = join(root, ".venv/bin/python");
  const { stdout } = await promisify(execFile)(python, ["-c", TRY_MODELS, data, table]);
  const rows = stdout.trim().split("\n");
  return rows.map((row) => JSON.parse(row) as ModelRow).sort(([a], [b]) => a.localeCompare(b));
}

/** Both models are there under their own names, fit the data and are as good as they say. */
async function assertModels(data: string, table: string): Promise<void> {
  const models = await tryModels(data, table);
  assert.deepEqual(
    models.map(([name, type]) => [name, type]),
    [
      ["BAYES", "GaussianNB"],
      ["SVC", "SVC"],
    ],
  );
  for (const [name, , score, said] of models) {
    assert.ok(score > 0.95, `${name} scores ${score}`);
    assert.equal(said, score);
  }
}

/** A script that uses neither engine: it makes the sample, if it is not there, and prints where. */
async function sample(): Promise<string> {
  const [path, ...more] = (await run("libsvm_sample.py")).stdout.trimEnd().split("\n");
  assert.deepEqual(more, []);
  assert.ok(path !== undefined && existsSync(path), path);
  return path;
}

test("the essay's sample trains both models from Spark's executors", { timeout: 240_000 }, async () => {
  const data = await sample();
  const table = join(home.path, "essay_models");
  const result = await run("essay.py", data, table);
  assertLines(result, ["| name|saved|", "|BAYES| true|", "|  SVC| true|"]);
  // What an executor's Python prints goes to Spark's log.
  assert.match(result.stderr, /SVC fits 100\.0% of 400 rows/u);
  await assertModels(data, table);
});

test("the same job with a DataFrame as an argument of the tasks", { timeout: 120_000 }, async () => {
  const data = await sample();
  const table = join(home.path, "essay_connect_models");
  const result = await run("essay_connect.py", data, table);
  assertLines(result, ["| name|score|", "|BAYES|0.975|", "|  SVC|  1.0|"]);
  assert.match(result.stdout, /SVC fits 100\.0% of 400 rows/u);
  await assertModels(data, table);
});

/** What each prints itself: to the letter or, where tasks race, by a pattern. */
const RAY_EXAMPLES: Readonly<Record<string, readonly Line[]>> = {
  "dependencies.py": ["mean 16 °C, spread 12 °C", "newest in the south: 23 °C"],
  "nested_tasks.py": ["sorted 100000 numbers with 7 tasks: True"],
  "actors.py": ["y = 3.0 x + 2.0 after 200 updates"],
  "resources.py": [
    "the cluster has 1 GPUs and 3 licences",
    /^half a GPU each: at most [12] at once on GPU 0$/u,
    "two licences each: at most 1 at once",
    /^two fifths of the memory each: at most [12] at once$/u,
  ],
  "wait.py": [/^12 results, as they came: \[\d+(, \d+){11}\]$/u, "ready 0, not ready 1"],
  "cancellation.py": [
    "still running; a timeout of get does not end the task",
    "waiting task: cancelled",
    "running task: cancelled",
    "task with an inner task: cancelled",
    /^with force: (cancelled|ended by force)$/u,
  ],
  "retries.py": [
    "a process that dies once: succeeded in attempt 2",
    "a service that fails twice: succeeded in attempt 3",
    "without retries: the process was lost",
    "a mistake: ValueError: not a number",
  ],
  "environments.py": ["humanize 4.9.0: 3.5 MB", "humanize 4.12.0: 3.5 MB", "UTC JST"],
};

for (const [name, expected] of Object.entries(RAY_EXAMPLES)) {
  test(`Ray's ${name} prints what it should`, { timeout: 120_000 }, async () => {
    assertLines(await run(join("ray-tasks", name)), expected);
  });
}

test("what tasks print appears beside what the script prints", { timeout: 120_000 }, async () => {
  const result = await run(join("ray-tasks", "tasks.py"));
  assertLines(result, ["9592 primes below 100000", "4 primes below 10"]);
  assert.match(result.stdout, /primes from 0 to 25000: 2762/u);
  assert.match(result.stdout, /first primes from 0 to 10: 4/u);
});
