import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { buffer, text } from "node:stream/consumers";
import { after, test } from "node:test";
import { environmentPython } from "../embedded/installation.ts";
import { duetProgram, eventsOf, survivors, TestHome } from "./duet-process.fixture.ts";

const home = await TestHome.make();
after(() => home[Symbol.asyncDispose]());
const python = environmentPython(".venv");

const SCRIPTS: Readonly<Record<string, string>> = {
  "all.py": `import os, sys
print(sys.argv, __name__, os.getcwd(), __file__, sys.flags.isolated, sys.stdin.isatty())
sys.stdout.buffer.write(bytes(range(256)))
sys.stdout.flush()
os.write(2, b"unbuffered\\n")
print("no end", end="", file=sys.stderr)
`,
  "three.py": "import sys\nsys.exit(3)\n",
  "words.py": "import sys\nsys.exit('what went wrong')\n",
  "raises.py": "def f():\n    raise ValueError('no')\nf()\n",
  "broken.py": "print((1)\n",
  "absent.py": "import nothing_of_this_name\n",
  "echo.py": "import sys\nprint(input(), len(sys.stdin.read()))\n",
  "aborts.py": "import os\nos.abort()\n",
  "killed.py": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n",
  "interrupted.py": "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nimport time\ntime.sleep(9)\n",
  "endless.py": "while True:\n    print('x' * 1000)\n",
  "unbroken.py": "import sys\nsys.stdout.write('x' * 3_000_000)\n",
  "beside.py": "import helper\nprint(helper.VALUE)\n",
  "helper.py": "VALUE = 41 + 1\n",
};
for (const [name, source] of Object.entries(SCRIPTS)) await writeFile(join(home.path, name), source);

interface Ended {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

async function run(command: string, parameters: readonly string[], input: string): Promise<Ended> {
  const child = spawn(command, parameters, {
    cwd: home.path,
    env: { ...process.env, DUET_HOME: home.path },
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  const [stdout, stderr, [code, signal]] = await Promise.all([
    buffer(child.stdout),
    text(child.stderr),
    once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>,
  ]);
  // A shell would say so.
  return { code: signal === "SIGINT" ? 130 : signal === "SIGABRT" ? 134 : code, stdout, stderr };
}

const asPython: readonly (readonly [what: string, words: readonly string[], code: number, input?: string])[] =
  [
    ["arguments, working directory, every byte", ["all.py", "a b", "--help", "--", "-q", "--json"], 0],
    ["sys.exit(3)", ["three.py"], 3],
    ["sys.exit with words", ["words.py"], 1],
    ["an exception", ["raises.py"], 1],
    ["a syntax error", ["broken.py"], 1],
    ["an exception at import", ["absent.py"], 1],
    ["a missing script", ["missing.py"], 2],
    ["standard input", ["echo.py"], 0, "first\nand the rest\n"],
    ["no standard input", ["echo.py"], 1],
    ["a module beside it", ["beside.py"], 0],
    ["KeyboardInterrupt", ["interrupted.py"], 130],
  ];
for (const [what, words, code, input = ""] of asPython) {
  test(`as Python itself: ${what}`, async () => {
    const theirs = await run(python, words, input);
    const ours = await run(process.execPath, [duetProgram, "run", ...words], input);
    assert.equal(theirs.code, code, theirs.stderr);
    assert.deepEqual(
      { ...ours, stdout: ours.stdout.toString("latin1") },
      { ...theirs, stdout: theirs.stdout.toString("latin1") },
    );
    assert.deepEqual(await home.runDirectories(), []);
  });
}

test("a script that was killed says by what", async () => {
  const killed = await home.run(["run", "killed.py"]);
  assert.equal(killed.code, 137);
  assert.match(killed.stderr, /error\[script-killed\]: .*SIGKILL.*memory.*\n.*journalctl/u);
  const aborted = await home.run(["run", "aborts.py"]);
  assert.equal(aborted.code, 134);
  assert.match(aborted.stderr, /SIGABRT.*\n.*PYTHONFAULTHANDLER/u);
});

test("--json tells what it prints as events, and the exit code", async () => {
  const result = await home.run(["run", "--json", "words.py", "--json"]);
  const events = eventsOf(result);
  assert.equal(result.code, 1);
  assert.deepEqual(
    events.map(({ type }) => type),
    ["run-started", "log", "run-finished"],
  );
  const [, log, finished] = events;
  assert.ok(log?.type === "log" && finished?.type === "run-finished");
  assert.deepEqual([log.stream, log.text], ["stderr", "what went wrong"]);
  assert.deepEqual([finished.outcome, finished.exitCode], ["failed", 1]);
});

test("output without line breaks comes in pieces, and all of it", async () => {
  const events = eventsOf(await home.run(["run", "--json", "unbroken.py"]));
  const printed = events.flatMap((event) => (event.type === "log" ? [event.text] : []));
  assert.equal(printed.join("").length, 3_000_000);
});

test("a reader that goes away ends a script that prints for ever, as it ends Python", async () => {
  const duet = home.start(["run", "endless.py"]);
  await duet.until("xxx");
  const tree = await duet.tree();
  duet.closeOutput();
  const result = await duet.result;
  assert.equal(result.code, 1, result.stderr);
  // Node makes sockets of its pipes, and which of the two a writer gets is up to the moment.
  assert.match(result.stderr, /BrokenPipeError|ConnectionResetError/u);
  assert.deepEqual(await survivors(tree), []);
});

test("a reader of events that goes away ends it too", async () => {
  const duet = home.start(["run", "--json", "endless.py"]);
  await duet.until("xxx");
  const tree = await duet.tree();
  duet.closeOutput();
  assert.equal((await duet.result).code, 141);
  assert.deepEqual(await survivors(tree), []);
});

test("events that nobody reads hold a script up instead of filling the memory", async () => {
  const child = spawn(process.execPath, [duetProgram, "run", "--json", "endless.py"], {
    cwd: home.path,
    env: { ...process.env, DUET_HOME: home.path },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const memory = async (): Promise<number> => {
    const { readFile } = await import("node:fs/promises");
    const status = await readFile(`/proc/${String(child.pid)}/status`, "utf8");
    return Number(/VmRSS:\s+(\d+)/u.exec(status)?.[1]);
  };
  await once(child.stdout, "readable");
  const deadline = performance.now() + 3_000;
  let most = 0;
  while (performance.now() < deadline) {
    most = Math.max(most, await memory());
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  child.kill("SIGTERM");
  child.stdout.resume();
  await once(child, "close");
  assert.ok(most > 0 && most < 300_000, `${most} kB`);
});

const usage: readonly (readonly [what: string, words: readonly string[], message: RegExp])[] = [
  ["arguments of an MLSQL script", ["run", "x.mlsql", "more"], /takes none/u],
  ["--set", ["run", "--set", "a=b", "all.py"], /MLSQL/u],
  ["--env for MLSQL", ["run", "--env", "x.yml", "-e", "select 1 as a as t;"], /Python scripts/u],
  [
    "--spark classic for MLSQL",
    ["run", "--spark", "classic", "-e", "select 1 as a as t;"],
    /Python scripts/u,
  ],
  ["an unknown Spark", ["run", "--spark", "flink", "all.py"], /names no Spark/u],
];
for (const [what, words, message] of usage) {
  test(`a mistake in the command line: ${what}`, async () => {
    const result = await home.run(words);
    assert.equal(result.code, 2, result.stderr);
    assert.match(result.stderr, message);
  });
}

test("an RDD on a Spark Connect server elsewhere is a mistake, before anything runs", async () => {
  const source =
    "from pyspark.sql import SparkSession\nprint('ran')\nSparkSession.builder.getOrCreate().range(1).rdd\n";
  await writeFile(join(home.path, "rdd.py"), source);
  const result = await home.run(["run", "--spark", "sc://127.0.0.1:1", "rdd.py"]);
  assert.equal(result.code, 2, result.stderr);
  assert.match(
    result.stderr,
    /rdd\.py:3:\d+: error\[classic-spark-needed\].*\n3 \| SparkSession.*\n(?:.*\n)*.*--spark classic/u,
  );
  assert.doesNotMatch(result.stdout, /ran/u);
});

test("a classic driver without Java says what to install", async () => {
  const result = await home.run(["run", "rdd.py"], { JAVA_HOME: home.path });
  assert.equal(result.code, 3, result.stderr);
  assert.match(result.stderr, /error\[java-missing\].*Java 17.*\n.*install Java 17/u);
  assert.doesNotMatch(result.stdout, /ran/u);
});

test("a Spark that is not there is an exception of the script", async () => {
  await writeFile(
    join(home.path, "spark.py"),
    "from pyspark.sql import SparkSession\nprint('before')\nSparkSession.builder.getOrCreate()\n",
  );
  const result = await home.run(["run", "--spark", "sc://127.0.0.1:1", "spark.py"]);
  assert.equal(result.code, 1, result.stderr);
  assert.match(result.stdout, /before/u);
  assert.match(result.stderr, /spark\.py", line 3[\s\S]*no Spark Connect server answers at 127\.0\.0\.1:1/u);
});

test("a home with a very long name works as well", async () => {
  const long = join(home.path, "long-".repeat(20));
  await mkdir(long);
  const result = await home.run(["run", "beside.py"], { DUET_HOME: long });
  assert.deepEqual([result.code, result.stdout], [0, "42\n"], result.stderr);
});
