import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { survivors, TestHome } from "./duet-process.fixture.ts";

const home = await TestHome.make();
after(() => home[Symbol.asyncDispose]());

/** A query that takes minutes on any machine. */
const LONG_QUERY =
  "select count(*) as n from range(0, 300000) a cross join range(0, 300000) b where (a.id * b.id) % 7 = 3 as t;";

/** A training that prints when it has begun, and then sleeps. */
const LONG_TRAINING = `set slow='''
import time
print("the training has begun")
time.sleep(600)
''';
load script.\`slow\` as slow;
select 1 as x as data;
train data as PythonAlg.\`${join(home.path, "model")}\` where scripts="slow" and entryPoint="slow";
`;

before(() => writeFile(join(home.path, "training.mlsql"), LONG_TRAINING));

const endings: readonly (readonly [what: string, signal: NodeJS.Signals, code: number])[] = [
  ["Ctrl-C", "SIGINT", 130],
  ["SIGTERM", "SIGTERM", 143],
  ["a closed terminal", "SIGHUP", 129],
];
for (const [what, signal, code] of endings) {
  test(`${what} stops a query and leaves no process`, async () => {
    const duet = home.start(["run", "--json", "-e", LONG_QUERY]);
    await duet.until('"state":"ready"');
    const tree = await duet.tree();
    assert.ok(tree.length >= 2, "Sail runs");
    duet.kill(signal);
    const result = await duet.result;
    assert.equal(result.code, code, result.stderr);
    assert.match(result.stdout, /"type":"run-finished","outcome":"cancelled"/u);
    assert.deepEqual(await survivors(tree), []);
    assert.deepEqual(await home.runDirectories(), []);
  });
}

test("Ctrl-C does not wait for an engine that hangs", async () => {
  const duet = home.start(["run", "--json", "-e", LONG_QUERY]);
  await duet.until('"state":"ready"');
  const tree = await duet.tree();
  for (const { pid } of tree.slice(1)) process.kill(pid, "SIGSTOP");
  const pressed = performance.now();
  duet.kill("SIGINT");
  const result = await duet.result;
  assert.equal(result.code, 130, result.stderr);
  assert.ok(performance.now() - pressed < 8_000, "it ends in time");
  assert.deepEqual(await survivors(tree), []);
});

test("Ctrl-C stops a training on Ray and leaves no process", async () => {
  const duet = home.start(["run", "training.mlsql"]);
  await duet.until("the training has begun");
  const tree = await duet.tree();
  duet.kill("SIGINT");
  const result = await duet.result;
  assert.equal(result.code, 130, result.stderr);
  assert.deepEqual(await survivors(tree), []);
  assert.deepEqual(await home.runDirectories(), []);
});

test("Ctrl-C while Ray is starting leaves no process", async () => {
  const duet = home.start(["run", "--json", "training.mlsql"]);
  await duet.until('"engine":"ray","state":"starting"');
  const tree = await duet.tree();
  duet.kill("SIGINT");
  assert.equal((await duet.result).code, 130);
  assert.deepEqual(await survivors(tree), []);
});

test("a second Ctrl-C ends at once and leaves no process either", async () => {
  const duet = home.start(["run", "training.mlsql"]);
  await duet.until("the training has begun");
  const tree = await duet.tree();
  duet.kill("SIGINT");
  await duet.until("once more to end at once");
  await new Promise((resolve) => setTimeout(resolve, 200));
  duet.kill("SIGINT");
  assert.equal((await duet.result).code, 130);
  assert.deepEqual(await survivors(tree, 20_000), []);
});

test("kill -9 leaves neither Sail nor Ray, and the next run clears up", async () => {
  const duet = home.start(["run", "training.mlsql"]);
  await duet.until("the training has begun");
  const tree = await duet.tree();
  duet.kill("SIGKILL");
  assert.equal((await duet.result).signal, "SIGKILL");
  assert.deepEqual(await survivors(tree, 20_000), []);
  const next = await home.run(["run", "-e", "select 1 as a as t;"]);
  assert.equal(next.code, 0, next.stderr);
  const left = await home.runDirectories();
  assert.deepEqual(
    left.filter((name) => name.startsWith("engines-")),
    [],
  );
});

test("a reader that goes away ends the run", async () => {
  const duet = home.start(["run", "--json", "-e", LONG_QUERY]);
  await duet.until('"state":"starting"');
  const tree = await duet.tree();
  duet.closeOutput();
  // The next event cannot be written: the run is told to stop.
  const result = await duet.result;
  assert.equal(result.code, 141, result.stderr);
  assert.deepEqual(await survivors(tree), []);
});
