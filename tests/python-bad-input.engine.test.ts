import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type DuetResult, survivors, TestHome } from "../packages/duet/src/cli/duet-process.fixture.ts";

const home = await TestHome.make();
const file = (name: string): string => join(home.path, name);
const write = (name: string, text: string): Promise<void> => writeFile(file(name), text);

before(async () => {
  const up = await home.run(["up"]);
  assert.equal(up.code, 0, up.stderr);
});
after(async () => {
  await home.run(["down"]);
  await home[Symbol.asyncDispose]();
});

/** What Python itself does with a script in the same folder. */
function byPython(parameters: readonly string[]): Promise<Omit<DuetResult, "signal">> {
  const python = join(import.meta.dirname, "../.venv/bin/python");
  return new Promise((resolve) => {
    execFile(python, [...parameters], { cwd: home.path }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

/** Scripts that end badly by themselves: `duet run` says and returns what Python does, and nothing more. */
const OWN_FAULTS: readonly (readonly [what: string, code: number, script: string | undefined])[] = [
  ["a script that is not there", 2, undefined],
  ["a syntax error", 1, 'print("not printed")\ndef f(:\n    pass\n'],
  ["an exception", 1, 'import json\nprint("begins")\njson.loads("{")\n'],
  ["an exception at import of a module beside it", 1, 'import broken_module\nprint("not printed")\n'],
  ["a module that is not installed", 1, "import no_such_module_anywhere\n"],
  ["sys.exit(3)", 3, 'import sys\nprint("ends")\nsys.exit(3)\n'],
  ["sys.exit with a text", 1, 'import sys\nsys.exit("the reason")\n'],
];
for (const [index, [what, code, script]] of OWN_FAULTS.entries()) {
  test(`${what} ends as under Python itself`, { timeout: 60_000 }, async () => {
    const name = `fault_${index}.py`;
    await write("broken_module.py", 'raise RuntimeError("broken")\n');
    if (script !== undefined) await write(name, script);
    const { signal, ...result } = await home.run(["run", name, "--flag", "argument"]);
    assert.equal(signal, null);
    assert.equal(result.code, code, result.stderr);
    // The interpreter names itself where it cannot open the file.
    const anonymous = (text: string): string => text.replace(/^\S+python\S*: /u, "python: ");
    const plain = await byPython([name, "--flag", "argument"]);
    assert.deepEqual(
      { ...result, stderr: anonymous(result.stderr) },
      { ...plain, stderr: anonymous(plain.stderr) },
    );
  });
}

test("a script that the system kills is told as a shell tells it, and why", { timeout: 60_000 }, async () => {
  await write("killed.py", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n");
  const result = await home.run(["run", "killed.py"]);
  assert.equal(result.code, 137);
  assert.match(result.stderr, /script-killed/u);
  assert.match(result.stderr, /killed by SIGKILL, most likely because memory ran out/u);
});

test("output without end stops when its reader goes away", { timeout: 60_000 }, async () => {
  await write(
    "endless.py",
    'import time\nwhile True:\n    print("more", flush=True)\n    time.sleep(0.001)\n',
  );
  const duet = home.start(["run", "endless.py"]);
  await duet.until("more\nmore\nmore\n");
  const tree = await duet.tree();
  duet.closeOutput();
  const result = await duet.result;
  // Python's own: 120 where its last flush meets the closed pipe as well.
  assert.ok(result.code === 1 || result.code === 120, `${String(result.code)} ${result.stderr}`);
  assert.match(result.stderr, /BrokenPipeError/u);
  assert.deepEqual(await survivors(tree), []);
});

test("an environment that cannot be resolved", { timeout: 120_000 }, async () => {
  await write(
    "unresolved.py",
    '# /// script\n# dependencies = [\n#   "six==999.0",\n# ]\n# ///\nprint("not printed")\n',
  );
  const result = await home.run(["run", "unresolved.py"]);
  assert.equal(result.code, 2, result.stderr);
  assert.equal(result.stdout, "");
  assert.match(result.stderr, /environment-failed/u);
  assert.match(result.stderr, /no version of six==999\.0/u);
  assert.match(result.stderr, /unresolved\.py:3/u);
  assert.ok(result.stderr.split("\n").length < 20, result.stderr);
});

const RDD_SCRIPT = `from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
print(spark.sparkContext.parallelize([1, 2, 3]).sum())
`;

test("RDDs on a Spark that was asked for and has none", { timeout: 60_000 }, async () => {
  await write("rdd.py", RDD_SCRIPT);
  const sail = await home.run(["run", "--spark", "sail", "rdd.py"]);
  assert.equal(sail.code, 1, sail.stderr);
  assert.match(sail.stderr, /rdd\.py", line 4/u);
  assert.match(sail.stderr, /JVM_ATTRIBUTE_NOT_SUPPORTED|sparkContext/u);

  const remote = await home.run(["run", "--spark", "sc://127.0.0.1:1", "rdd.py"]);
  assert.equal(remote.code, 2, remote.stderr);
  assert.equal(remote.stdout, "");
  assert.match(remote.stderr, /classic-spark-needed/u);
  assert.match(remote.stderr, /rdd\.py:4/u);
  assert.match(remote.stderr, /--spark classic/u);
});

test("RDDs where there is no Java", { timeout: 60_000 }, async () => {
  await write("rdd.py", RDD_SCRIPT);
  const path = file("path");
  await mkdir(path);
  for (const name of ["sh", "env"]) await symlink(join("/usr/bin", name), join(path, name));
  const result = await home.run(["run", "rdd.py"], { PATH: path, JAVA_HOME: "" });
  assert.equal(result.code, 3, result.stderr);
  assert.equal(result.stdout, "");
  assert.match(result.stderr, /java-missing/u);
  assert.match(result.stderr, /install Java 17 or later/u);
});

test("a DataFrame of a session that has ended", { timeout: 60_000 }, async () => {
  await write(
    "ended_session.py",
    `import ray
from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
frame = spark.range(3)
spark.stop()


@ray.remote
def rows(table):
    return table.num_rows


print(ray.get(rows.remote(frame)))
`,
  );
  const result = await home.run(["run", "ended_session.py"]);
  assert.equal(result.code, 1, result.stderr);
  assert.match(result.stderr, /ended_session\.py", line 14/u);
  assert.match(result.stderr, /a Spark session that has ended \(spark\.stop\(\)\)/u);
});
