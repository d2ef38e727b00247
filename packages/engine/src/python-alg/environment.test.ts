import assert from "node:assert/strict";
import { test } from "node:test";
import { parseEnvironment } from "./environment.ts";

test("an empty text is no environment", async () => {
  assert.deepEqual(await parseEnvironment("\n  \n"), { ok: true, spec: undefined });
});

test("python and pip parts become requirements", async () => {
  const yaml =
    "name: demo\nchannels: [defaults]\ndependencies:\n  - python=3.11\n  - pip\n  - pip:\n      - scikit-learn==1.5.0\n      - xgboost>=2\n";
  assert.deepEqual(await parseEnvironment(yaml), {
    ok: true,
    spec: { requirements: ["scikit-learn==1.5.0", "xgboost>=2"], python: "3.11" },
  });
});

test("Python's version is kept as a range where it is one", async () => {
  for (const [asked, python] of [
    ["python=3.11.4=h955ad1f_0", "3.11"],
    ["python ==3.11", "3.11"],
    ["conda-forge::python=3.11.*", "3.11"],
    ["python>=3.9", ">=3.9"],
    ["python >=3.10,<3.13", ">=3.10,<3.13"],
  ]) {
    const parsed = await parseEnvironment(`dependencies:\n  - ${String(asked)}\n`);
    assert.ok(parsed.ok && parsed.spec?.python === python, asked);
  }
  const alike = await parseEnvironment("dependencies:\n  - python-dateutil\n");
  assert.ok(alike.ok && alike.spec?.conda !== undefined, "another package whose name begins alike");
});

test("a conda package keeps it a conda environment", async () => {
  const parsed = await parseEnvironment(
    "dependencies:\n  - python=3.11\n  - cudatoolkit=11\n  - pip: [torch]\n",
  );
  assert.ok(parsed.ok);
  assert.deepEqual(parsed.spec?.conda, {
    dependencies: ["python=3.11", "cudatoolkit=11", { pip: ["torch"] }],
  });
});

test("a text that is no YAML, or no environment, is told with its place", async () => {
  const broken = await parseEnvironment("dependencies:\n  - pip: [a\nname: x\n");
  assert.ok(!broken.ok);
  assert.ok((broken.problems[0]?.offset ?? 0) > 10);
  for (const text of ["just words", "- a\n- b", "dependencies: 3", "dependencies:\n  - 4\n"])
    assert.equal((await parseEnvironment(text)).ok, false, text);
});
