import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { eventsOf, type RunningDuet, survivors, TestHome } from "./duet-process.fixture.ts";

const home = await TestHome.make();
after(async () => {
  await home.run(["down"]);
  await home[Symbol.asyncDispose]();
});

/** A query and a task that take minutes on any machine, side by side. */
const BOTH = `
import threading, time
import ray
from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
ray.init()


@ray.remote
def sleep():
    time.sleep(600)


def query():
    spark.sql(
        "select count(*) from range(0, 300000) a cross join range(0, 300000) b where (a.id * b.id) % 7 = 3"
    ).collect()


task = sleep.remote()
threading.Thread(target=query, daemon=True).start()
ray.get(task)
`;

const SCRIPTS: Readonly<Record<string, string>> = {
  "both.py": BOTH,
  "plain.py": "import time\nprint('up', flush=True)\ntime.sleep(600)\n",
  "tidy.py": `import time
print('up', flush=True)
try:
    time.sleep(600)
except KeyboardInterrupt:
    print('tidying up', flush=True)
    raise SystemExit(7)
`,
  "stubborn.py": `import signal, subprocess, sys, time
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.SIG_IGN)
subprocess.Popen(["sleep", "600"])
subprocess.Popen([sys.executable, "-I", "-c", "import time; time.sleep(600)"], start_new_session=True)
print('up', flush=True)
while True:
    time.sleep(1)
`,
  "outlived.py": `import ray, time
ray.init()

@ray.remote
def sleep():
    time.sleep(600)

sleep.remote()
time.sleep(2)
`,
};

before(async () => {
  for (const [name, source] of Object.entries(SCRIPTS)) await writeFile(join(home.path, name), source);
  const up = await home.run(["up", "--cpus", "2"]);
  assert.equal(up.code, 0, up.stderr);
});

/** The processes of a run: not those of the warm engines, which stay. */
async function started(duet: RunningDuet): ReturnType<RunningDuet["tree"]> {
  return duet.tree();
}

async function bothRun(): Promise<RunningDuet> {
  const duet = home.start(["run", "--json", "both.py"]);
  await duet.until('"engine":"spark","kind":"collect"');
  await duet.until('"name":"sleep","state":"running"');
  return duet;
}

/** Whether the warm engines are free: a query that needs all of Spark, and a task that needs all CPUs of Ray. */
async function enginesAreFree(): Promise<void> {
  const script = `
import ray
from pyspark.sql import SparkSession
ray.init()

@ray.remote(num_cpus=2)
def whole():
    return "all CPUs"

print(ray.get(whole.remote(), timeout=60))
print(SparkSession.builder.getOrCreate().range(1000).count())
`;
  await writeFile(join(home.path, "free.py"), script);
  const result = await home.run(["run", "free.py"]);
  assert.equal(result.code, 0, result.stderr);
  assert.match(result.stdout, /all CPUs\n1000\n/u);
}

test("Ctrl-C interrupts Spark's operations and cancels Ray's tasks, and leaves no process", async () => {
  const duet = await bothRun();
  const tree = await started(duet);
  const pressed = performance.now();
  duet.kill("SIGINT");
  const result = await duet.result;
  assert.ok(performance.now() - pressed < 10_000, "it ends in time");
  // Python's own: with Ray in the process the interrupt often ends as an error of its exit.
  assert.ok(result.code === 130 || result.code === 1, `${String(result.code)} ${result.stderr}`);
  const events = eventsOf(result);
  const finished = events.filter((event) => event.type === "step-finished");
  assert.deepEqual(new Set(finished.map(({ outcome }) => outcome)), new Set(["cancelled"]));
  const last = events.at(-1);
  assert.ok(last?.type === "run-finished");
  assert.deepEqual([last.outcome, last.exitCode], ["cancelled", result.code]);
  assert.deepEqual(await survivors(tree), []);
  assert.deepEqual(await home.runDirectories(), []);
  await enginesAreFree();
});

test("kill -9 leaves the engines free and no process of the run", async () => {
  const duet = await bothRun();
  const tree = await started(duet);
  duet.kill("SIGKILL");
  await duet.result;
  assert.deepEqual(await survivors(tree), []);
  await enginesAreFree();
  assert.deepEqual(await home.runDirectories(), [], "the next run has cleared up");
});

test("a Ray task that outlives its script ends with it, and is told", async () => {
  const events = eventsOf(await home.run(["run", "--json", "outlived.py"]));
  const notes = events.flatMap((event) => (event.type === "note" ? [event.text] : []));
  const step = events.find((event) => event.type === "step-finished");
  assert.equal(step?.outcome, "cancelled");
  assert.ok(
    notes.some((text) => text.includes("a task of sleep still ran")),
    JSON.stringify(notes),
  );
  await enginesAreFree();
});

test("the script gets one KeyboardInterrupt, time to tidy up, and its own exit code", async () => {
  const duet = home.start(["run", "tidy.py"]);
  await duet.until("up");
  duet.kill("SIGINT");
  const result = await duet.result;
  assert.deepEqual([result.code, result.stdout], [7, "up\ntidying up\n"], result.stderr);
});

test("Ctrl-C of a terminal, which the whole process group gets, is one KeyboardInterrupt too", async () => {
  const duet = home.start(["run", "tidy.py"], {}, { ownGroup: true });
  await duet.until("up");
  process.kill(-duet.pid, "SIGINT");
  const result = await duet.result;
  assert.deepEqual([result.code, result.stdout], [7, "up\ntidying up\n"], result.stderr);
  assert.equal(result.stderr, "", "no second one has fallen into the first");
});

for (const [signal, code] of [
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const) {
  test(`${signal} ends a script as it ends Python`, async () => {
    const duet = home.start(["run", "plain.py"]);
    await duet.until("up");
    const tree = await started(duet);
    duet.kill(signal);
    assert.equal((await duet.result).code, code);
    assert.deepEqual(await survivors(tree), []);
  });
}

test("a script that ignores signals is killed with what it has started", async () => {
  const duet = home.start(["run", "stubborn.py"]);
  await duet.until("up");
  const tree = await started(duet);
  assert.ok(tree.length >= 4);
  duet.kill("SIGINT");
  assert.equal((await duet.result).code, 130);
  assert.deepEqual(await survivors(tree), []);
});

test("a second Ctrl-C does not wait for it", async () => {
  const duet = home.start(["run", "stubborn.py"]);
  await duet.until("up");
  const tree = await started(duet);
  duet.kill("SIGINT");
  await new Promise((resolve) => setTimeout(resolve, 400));
  duet.kill("SIGINT");
  assert.equal((await duet.result).code, 130);
  assert.deepEqual(await survivors(tree), []);
});

test("kill -9 of Duet ends even a script that ignores signals", async () => {
  const duet = home.start(["run", "stubborn.py"]);
  await duet.until("up");
  const tree = await started(duet);
  duet.kill("SIGKILL");
  await duet.result;
  assert.deepEqual(await survivors(tree), []);
});
