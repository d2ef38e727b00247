import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { eventsOf, TestHome } from "./duet-process.fixture.ts";

const home = await TestHome.make();
after(() => home[Symbol.asyncDispose]());

test("a select prints its table on standard output and the rest on standard error", async () => {
  const result = await home.run(["run", "-e", "select 1 as a, 'x' as b as t;"]);
  assert.equal(result.code, 0, result.stderr);
  assert.match(result.stdout, /│ a │ b │\n├───┼───┤\n│ 1 │ x │/u);
  assert.match(result.stderr, /✓ spark {2}select/u);
  assert.match(result.stderr, /Done in .* s · Spark .* s · 1 step/u);
  assert.ok(
    !`${result.stdout}${result.stderr}`.includes("\u001B"),
    "no colours and no cursor control in a pipe",
  );
  assert.deepEqual(await home.runDirectories(), []);
});

test("--json prints events and nothing else, the last one is run-finished", async () => {
  const events = eventsOf(await home.run(["run", "--json", "-e", "select 1 as a as t;"]));
  assert.equal(events[0]?.type, "run-started");
  assert.equal(events.at(-1)?.type, "run-finished");
  assert.ok(events.some((event) => event.type === "table" && event.rows[0]?.[0] === 1));
});

test("--quiet prints the table alone", async () => {
  const result = await home.run(["run", "--quiet", "-e", "select 1 as a as t;"]);
  assert.equal(result.stderr, "");
  assert.match(result.stdout, /│ 1 │/u);
});

test("variables, a file, standard input's name", async () => {
  await writeFile(join(home.path, "s.mlsql"), "select '${word}' as w as t;");
  const result = await home.run(["run", "s.mlsql", "--set", "word=a=b"]);
  assert.equal(result.code, 0, result.stderr);
  assert.match(result.stdout, /│ a=b │/u);
});

const failures: readonly (readonly [
  name: string,
  parameters: readonly string[],
  code: number,
  words: RegExp,
])[] = [
  ["no script", ["run"], 2, /needs a script/u],
  ["a missing file", ["run", "nothing.mlsql"], 2, /nothing\.mlsql.*no such file/u],
  ["a folder", ["run", "."], 2, /is a directory/u],
  ["an unknown command", ["rum"], 2, /run/u],
  ["an unknown option", ["run", "--sprak", "sail"], 2, /--spark/u],
  ["a syntax error", ["run", "-e", "selec 1 as a as t;"], 2, /<command line>:1:1: error/u],
  ["a column that is not there", ["run", "-e", "select nope from range(3) as t;"], 1, /nope/u],
  [
    "a bridge without a token",
    ["run", "--ray", "http://127.0.0.1:1", "-e", "select 1 as t;"],
    2,
    /DUET_RAY_TOKEN/u,
  ],
  [
    "a Spark that is not there",
    ["run", "--spark", "sc://127.0.0.1:1", "-e", "select 1 as a as t;"],
    3,
    /127\.0\.0\.1:1/u,
  ],
];
for (const [name, parameters, code, words] of failures) {
  test(`${name}: exit code ${code} and a clear message`, async () => {
    const result = await home.run(parameters, { DUET_RAY_TOKEN: "" });
    assert.equal(result.code, code, result.stderr);
    assert.match(result.stderr, words);
    assert.doesNotMatch(result.stderr, /internal-error|at .*\.ts:\d/u);
    assert.deepEqual(await home.runDirectories(), []);
  });
}
