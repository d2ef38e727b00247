import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import type { Finding } from "../doctor/finding.ts";
import { CompanyCluster } from "./company-cluster.fixture.ts";
import {
  duetProgram,
  eventsOf,
  type DuetResult,
  type RunningDuet,
  TestHome,
} from "./duet-process.fixture.ts";

const home = await TestHome.make();
after(() => home[Symbol.asyncDispose]());
let cluster: CompanyCluster;
const tokens = (): Record<string, string> => ({
  COMPANY_TOKEN: cluster.token,
  WRONG_TOKEN: "a token of long ago",
});

const start = (...parameters: readonly string[]): RunningDuet => home.start(parameters, tokens());
const duet = (...parameters: readonly string[]): Promise<DuetResult> => home.run(parameters, tokens());
const onCluster = (...parameters: readonly string[]): Promise<DuetResult> =>
  duet("run", "--profile", "work", ...parameters);

const FILES = {
  "output/helper.py": "from pathlib import Path\nFOUND = sorted(path.name for path in Path('.').iterdir())\n",
  "output/ignored.bin": "x",
  "output/.duetignore": "*.bin\n",
  "output/main.py": `
import sys, time
import helper
print(sys.argv[1:], __name__, [name for name in helper.FOUND if not name.startswith("__")])
print("to standard error", file=sys.stderr)
sys.stdout.write("no line break"); sys.stdout.flush(); time.sleep(0.2)
sys.stdout.buffer.write(b" \\xff\\x00\\r\\n\\x1eexit\\x1f{}\\x1f\\n" + b"x" * 200_000); sys.stdout.flush()
print(sys.stdin.read() == "")
sys.exit(7)
`,
  "engines/main.py": `
import ray
from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("mine").master("local[*]").getOrCreate()
ray.init(num_cpus=1)

@ray.remote
def rows(table):
    ray.init()
    return type(table).__name__, table.num_rows

small, large = spark.range(10), spark.range(1_000_000)
print(ray.get([rows.remote(small), rows.remote(large)]))
`,
  "slow/main.py": `
import time
print("begun", flush=True)
try:
    time.sleep(300)
except KeyboardInterrupt:
    print("cleaned up", flush=True)
    raise
`,
  "killed/main.py": "import os\nprint('last words', flush=True)\nos.kill(os.getpid(), 9)\n",
  "lost/main.py": "import os, time\nos.kill(os.getppid(), 9)\ntime.sleep(60)\n",
  "packages/main.py": `
# /// script
# dependencies = ["humanize==4.14.0"]
# ///
import humanize, ray

@ray.remote
def words():
    return humanize.intword(1_200_000_000)

print(humanize.__version__, ray.get(words.remote()))
`,
};

before(async () => {
  cluster = await CompanyCluster.start();
  for (const [name, text] of Object.entries({ ...FILES, "duet.toml": cluster.profiles() })) {
    await mkdir(dirname(join(home.path, name)), { recursive: true });
    await writeFile(join(home.path, name), text);
  }
});
after(() => cluster[Symbol.asyncDispose]());

interface Runs {
  readonly runs: readonly { run: string; state: string; exitCode?: number; script: string; owner?: string }[];
}

async function runs(...parameters: readonly string[]): Promise<Runs["runs"]> {
  const result = await duet("runs", "--json", ...parameters);
  assert.equal(result.code, 0, result.stderr);
  return (JSON.parse(result.stdout) as Runs).runs;
}

test("a script's output, arguments, modules and exit code are those of python script.py", async () => {
  const { stdout, stderr, code } = await promisify(execFile)(
    process.execPath,
    [duetProgram, "run", "--profile", "work", "output/main.py", "a b", "it's", "--help"],
    { cwd: home.path, encoding: "buffer", env: { ...process.env, ...tokens(), DUET_HOME: home.path } },
  ).then(
    (result) => ({ ...result, code: 0 }),
    (error: unknown) => error as { stdout: Buffer; stderr: Buffer; code: number },
  );
  const first = `['a b', "it's", '--help'] __main__ ['.duetignore', 'helper.py', 'main.py']\nno line break`;
  const bytes = Buffer.from(" \xff\x00\r\n\x1eexit\x1f{}\x1f\n", "latin1");
  const expected = Buffer.concat([Buffer.from(first), bytes, Buffer.from(`${"x".repeat(200_000)}True\n`)]);
  assert.equal(stderr.toString(), "to standard error\n");
  assert.ok(stdout.equals(expected), stdout.toString("latin1").slice(0, 300));
  assert.equal(code, 7);
});

test("Spark and Ray of a script on the cluster are one run with one stream of events", async () => {
  const result = await onCluster("--json", "engines/main.py");
  const events = eventsOf(result);
  const printed = events.flatMap((event) =>
    event.type === "log" && event.stream === "stdout" ? [event.text] : [],
  );
  assert.ok(printed.includes("[('Table', 10), ('Table', 1000000)]"), `${result.stdout}${result.stderr}`);
  const steps = events.flatMap((event) => (event.type === "step-started" ? [event] : []));
  const handed = steps.filter(({ kind }) => kind === "hand over");
  assert.equal(handed.length, 2);
  assert.equal(handed[0]?.span.file, join(home.path, "engines/main.py"));
  assert.ok(steps.some(({ engine, title }) => engine === "ray" && title === "rows"));
  assert.ok(
    events.some((event) => event.type === "ray-task" && event.name === "rows" && event.state === "finished"),
  );
  const last = events.at(-1);
  assert.ok(last?.type === "run-finished" && last.outcome === "succeeded" && last.exitCode === 0);
  assert.deepEqual(await readdir(join(cluster.directory, "lake", "runs")), [], "the run's folder is gone");
});

test("a closed terminal leaves the run alone; logs -f comes back to it, and stop ends it", async () => {
  const attached = start("run", "--profile", "work", "slow/main.py");
  await attached.until("begun");
  attached.kill("SIGHUP");
  assert.equal((await attached.result).code, 129);
  const [run] = await runs();
  assert.deepEqual([run?.state, run?.script], ["running", "slow/main.py"]);
  const followed = start("logs", "-f", "last");
  await followed.until("begun");
  const stopped = await duet("stop", run?.run.slice(-6) ?? "");
  assert.equal(stopped.code, 0, stopped.stderr);
  assert.match(stopped.stdout, /has been stopped/u);
  const { stdout, stderr, code } = await followed.result;
  assert.equal(stdout, "begun\ncleaned up\n");
  assert.match(stderr, /KeyboardInterrupt\n$/u);
  assert.equal(code, 130);
  assert.equal((await runs())[0]?.state, "cancelled");
});

test("Ctrl-C stops the job, and its last words arrive", async () => {
  const attached = start("run", "--profile", "work", "slow/main.py");
  await attached.until("begun");
  attached.kill("SIGINT");
  const { stdout, stderr, code } = await attached.result;
  assert.equal(stdout, "begun\ncleaned up\n");
  assert.match(stderr, /KeyboardInterrupt\n$/u);
  assert.equal(code, 130);
});

test("a detached run is found again by its id, with its output and its end", async () => {
  const detached = await onCluster("-d", "killed/main.py");
  assert.equal(detached.code, 0, detached.stderr);
  const id = detached.stdout.trim();
  const logs = await duet("logs", "-f", id);
  assert.deepEqual([logs.stdout, logs.code], ["last words\n", 137]);
  const again = await duet("logs", id);
  assert.deepEqual([again.stdout, again.code], ["last words\n", 0]);
  const listed = (await runs("--profile", "work")).find(({ run }) => run === id);
  assert.equal(listed?.state, "failed");
  assert.match(listed.owner ?? "", /@/u);
});

test("a job whose cluster part is killed is told as lost", async () => {
  const result = await onCluster("lost/main.py");
  assert.match(result.stderr, /error\[job-lost\]/u);
  assert.notEqual(result.code, 0);
});

test("packages that the script's metadata asks for are there, in its tasks too", async () => {
  const result = await onCluster("packages/main.py");
  assert.equal(result.stdout, "4.14.0 1.2 billion\n", result.stderr);
});

test("--here runs the script on this machine against the cluster's engines", async () => {
  const result = await onCluster("--here", "engines/main.py");
  assert.equal(result.stdout, "[('Table', 10), ('Table', 1000000)]\n", result.stderr);
  assert.equal(result.code, 0);
});

test("doctor looks at every link of a profile, also from inside the cluster", async () => {
  const result = await duet("doctor", "--profile", "work", "--json");
  const { findings } = JSON.parse(result.stdout) as { findings: Finding[] };
  for (const name of [
    "Spark",
    "lake, from here",
    "Ray's Jobs API",
    "a job on the cluster",
    "Ray's head, from here",
  ]) {
    const finding = findings.find((each) => each.name === name);
    assert.equal(finding?.state, "ok", `${name}: ${finding?.detail ?? result.stderr}`);
  }
  const stranger = await duet("doctor", "--profile", "stranger");
  assert.equal(stranger.code, 3);
  assert.match(stranger.stdout, /✗ Ray's Jobs API .*does not let us in.*\n +→ the cluster wants/u);
});

test("a wrong token, a cluster that is not there and what cannot run on it are told before anything runs", async () => {
  const cases: readonly (readonly [parameters: readonly string[], code: number, message: RegExp])[] = [
    [
      ["--profile", "stranger", "killed/main.py"],
      3,
      /error\[jobs-unauthorized\].*\n.*help: the cluster wants/su,
    ],
    [["--profile", "nowhere", "killed/main.py"], 3, /error\[jobs-unreachable\].*ECONNREFUSED/su],
    [["--profile", "work", "missing.py"], 2, /error\[script-missing\]/u],
    [["--profile", "work", "--folder", "slow", "killed/main.py"], 2, /error\[script-outside-folder\]/u],
    [["--profile", "wrk", "killed/main.py"], 2, /no profile wrk.*\n.*`work`/u],
  ];
  for (const [parameters, code, message] of cases) {
    const result = await duet("run", ...parameters);
    assert.match(result.stderr, message);
    assert.equal(result.code, code, result.stderr);
  }
});
