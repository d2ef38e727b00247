import assert from "node:assert/strict";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { runFixture, type RunReport } from "./run-fixture.ts";

const fixture = await runFixture();
after(() => fixture[Symbol.asyncDispose]());
const { run } = fixture;

/** The script fails with just these codes, each at its line. */
function failsWith(report: RunReport, ...expected: readonly (readonly [code: string, line: number])[]): void {
  assert.deepEqual(
    report.diagnostics.map(({ code, line }) => [code, line]),
    expected,
  );
  assert.equal(report.outcome, "failed");
}

test("all mistakes of a script come at once, before anything runs", async () => {
  const report = await run(`select 1 as a as t;
select * from nowhere as u;
load parquet.\`\${unknown}/x\` as v;
train t as PythonAlg.\`/m\` where scripts="nothing" and entryPint="x";
!nonsense;
set code='''
def f(:
    pass
''';
load script.\`code\` as code;
train t as PythonAlg.\`/m\` where scripts="code";`);
  assert.deepEqual(
    report.diagnostics.map(({ line }) => line).sort((a, b) => a - b),
    report.diagnostics.map(({ line }) => line),
    "in the order of the script",
  );
  const codes = report.diagnostics.map(({ code }) => code);
  for (const code of [
    "unknown-table",
    "unknown-variable",
    "unknown-option",
    "unknown-command",
    "python-syntax-error",
  ])
    assert.ok(codes.includes(code), `${code} in ${codes.join(", ")}`);
  assert.equal(report.diagnostics.find(({ code }) => code === "python-syntax-error")?.line, 7);
  assert.ok(!report.events.some((event) => event.type === "step-started"));
});

test("a missing file is named with its whole path", async () => {
  const report = await run("\nload csv.`data/none.csv` as t;");
  failsWith(report, ["path-not-found", 2]);
  assert.ok(report.diagnostics[0]?.message.includes(join(fixture.folder, "data/none.csv")));
});

test("SQL mistakes keep the engine's words and stand at their own line", async () => {
  failsWith(await run("select 1 as a as t;\nselect a,\n  nope\nfrom t as u;"), ["column-not-found", 3]);
  failsWith(await run("\nselect a,\n  b frm t\nwhere as u;"), ["parse-error", 3]);
  failsWith(await run("select 1 as a as t;\nselect\n  zork(a) from t as u;"), ["function-not-found", 3]);
  const cast = await run(
    "select cast('x' as int) + id as a from range(2) as t;\nselect sum(a) as s from t as u;",
  );
  assert.equal(cast.outcome, "failed");
  assert.match(cast.diagnostics[0]?.message ?? "", /cast/iu);
});

const train = (python: string, more = ""): string => `set code='''
${python}
''';
load script.\`code\` as code;
select id as a from range(10) as data;
train data as PythonAlg.\`model\` where scripts="code" ${more};`;

test("Python that raises fails at its own line, with its traceback", async () => {
  const report = await run(train("import mlsql\ndef f():\n    raise ValueError('bad rows')\nf()"));
  failsWith(report, ["python-error", 4]);
  assert.match(report.diagnostics[0]?.message ?? "", /ValueError: bad rows/u);
  assert.match(report.output, /File "test\.mlsql", line 5/u);
});

test("Python that exits or is killed fails the statement", async () => {
  const exited = await run(train("import sys\nsys.exit(3)"));
  assert.equal(exited.outcome, "failed");
  assert.match(exited.diagnostics[0]?.message ?? "", /exit/iu);
  const killed = await run(train("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"));
  assert.deepEqual(
    killed.diagnostics.map(({ code }) => code),
    ["worker-crashed"],
  );
});

test("what is no model is refused", async () => {
  const report = await run(train("import mlsql\nmlsql.save_model(42)"));
  assert.equal(report.outcome, "failed");
  assert.match(report.diagnostics[0]?.message ?? "", /int/u);
});

test("a failed group fails the statement, the others end, and nothing is published", async () => {
  const python =
    "import mlsql, time\nn = mlsql.fit_param['n']\nprint('group', n)\nif n == 'bad':\n    raise RuntimeError('no')\ntime.sleep(1)\nprint('done', n)";
  const report = await run(train(python, 'and fitParam.0.n="good" and fitParam.1.n="bad"'));
  assert.equal(report.outcome, "failed");
  assert.equal(report.diagnostics.length, 1);
  assert.match(report.diagnostics[0]?.message ?? "", /group 1: RuntimeError: no/u);
  assert.match(report.output, /done good/u);
  assert.deepEqual(await readdir(join(fixture.folder, "model")).catch(() => []), []);
});

test(
  "100 MB of output neither stops nor floods a run, and its end is kept",
  { timeout: 120_000 },
  async () => {
    const report = await run(
      train("line = 'x' * 999\nfor _ in range(100_000):\n    print(line)\nprint('the very last line')"),
    );
    assert.equal(report.outcome, "succeeded");
    assert.ok(report.output.length < 20_000_000, `${report.output.length} characters`);
    assert.match(report.output, /the very last line/u);
  },
);

test("an environment with a package that does not exist fails with the installer's words", async () => {
  const report = await run(`set env='''
dependencies:
  - pip:
      - surely-no-such-package-8472
''';
load script.\`env\` as env;
${train("print(1)", 'and condaFile="env"')}`);
  assert.deepEqual(
    report.diagnostics.map(({ code }) => code),
    ["environment-failed"],
  );
  assert.match(report.diagnostics[0]?.message ?? "", /surely-no-such-package-8472/u);
});

test("predict says what is no model, which versions there are, and which columns are missing", async () => {
  failsWith(await run("select 1 as a as t;\npredict t as PythonAlg.`nothing` as p;"), ["model-not-found", 2]);
  const python =
    "import mlsql\nfrom sklearn.linear_model import LinearRegression\nf = mlsql.to_pandas()\nmlsql.save_model(LinearRegression().fit(f[['a']], f['a']), inputs=['a'])\nmlsql.report(score=1.0)";
  const trained = await run(train(python));
  assert.deepEqual(trained.diagnostics, []);
  failsWith(await run('select 1 as a as t;\npredict t as PythonAlg.`model` where modelVersion="9" as p;'), [
    "model-version-not-found",
    2,
  ]);
  const missing = await run("select 1 as b as t;\npredict t as PythonAlg.`model` as p;");
  assert.equal(missing.outcome, "failed");
  assert.match(missing.diagnostics[0]?.message ?? "", /\ba\b/u);
});

test("two trainings at once on one path make two versions", async () => {
  const script = train("import mlsql, time\ntime.sleep(0.5)\nmlsql.report(score=0.5)").replaceAll(
    "`model`",
    "`shared`",
  );
  const reports = await Promise.all([run(script), run(script)]);
  assert.deepEqual(
    reports.map(({ outcome }) => outcome),
    ["succeeded", "succeeded"],
  );
  assert.deepEqual((await readdir(join(fixture.folder, "shared"))).sort(), ["_model_0", "_model_1"]);
});

test("a cancelled run stops Ray's work and leaves no temporary files", { timeout: 60_000 }, async () => {
  const controller = new AbortController();
  const report = await run(train("import time\nprint('running', flush=True)\ntime.sleep(600)"), {
    signal: controller.signal,
    onEvent: (event) => {
      if (event.type === "log" && event.text.includes("running")) controller.abort(new Error("enough"));
    },
  });
  assert.equal(report.outcome, "cancelled");
  assert.deepEqual(
    await readdir(join(fixture.folder, "home", "runs")).then((names) =>
      names.filter((name) => /^\d/u.test(name)),
    ),
    [],
  );
});

test("a Ray task that no node can hold is named before the run", async () => {
  const report = await run(
    train("import ray\n@ray.remote(num_gpus=1)\ndef f():\n    return 1\nray.get(f.remote())"),
  );
  failsWith(report, ["task-unschedulable", 3]);
  assert.match(report.diagnostics[0]?.help ?? "", /--gpus/u);
});

test(
  "a task of computed size that no node can hold is named while it waits",
  { timeout: 60_000 },
  async () => {
    const report = await run(
      train(
        "import ray\nn = len('many') * 100\n@ray.remote\ndef f():\n    return 1\nray.get(f.options(num_cpus=n).remote())",
      ),
    );
    assert.deepEqual(
      report.diagnostics.map(({ code }) => code),
      ["task-unschedulable"],
    );
  },
);

test(
  "a full disk is an error, and what was there stays",
  { skip: process.getuid?.() !== 0 && "needs root to mount a small file system" },
  async () => {
    const { execFileSync } = await import("node:child_process");
    const small = join(fixture.folder, "small");
    await mkdir(small);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", small]);
    try {
      await run("select 1 as a as t; save overwrite t as parquet.`small/t`;");
      const report = await run(
        "select uuid() as a from range(200000) as t;\nsave overwrite t as parquet.`small/t`;",
      );
      assert.equal(report.outcome, "failed");
      assert.match(report.diagnostics[0]?.message ?? "", /space|full/iu);
      const kept = await run("load parquet.`small/t` as t; select a from t as u;");
      assert.deepEqual(kept.tables.get("u"), [[1]]);
      assert.deepEqual(await readdir(small), ["t"]);
    } finally {
      execFileSync("umount", [small]);
    }
  },
);
