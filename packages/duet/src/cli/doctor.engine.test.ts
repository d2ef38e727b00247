import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { Finding } from "../doctor/finding.ts";
import { TestHome } from "./duet-process.fixture.ts";

const home = await TestHome.make();
after(() => home[Symbol.asyncDispose]());

test("doctor starts both engines and finds a machine on which Duet works", async () => {
  const result = await home.run(["doctor", "--json"]);
  assert.equal(result.code, 0, result.stdout);
  const { findings } = JSON.parse(result.stdout) as { findings: Finding[] };
  for (const name of ["Node", "Python environment", "Sail starts", "Ray starts"]) {
    assert.equal(findings.find((finding) => finding.name === name)?.state, "ok", name);
  }
  for (const finding of findings)
    assert.equal(finding.help === undefined, finding.state === "ok", finding.name);
  assert.deepEqual(await home.runDirectories(), []);
});

test("doctor says what is missing and what to do", async () => {
  const java = { JAVA_HOME: home.path, DUET_HOME: "/dev/null/home" };
  const result = await home.run(["doctor", "--no-engines"], java);
  assert.equal(result.code, 3);
  assert.match(result.stdout, /✗ disk of \$DUET_HOME/u);
  assert.match(result.stdout, /! Java .*\n +→ install Java 17/u);
});

test("a home that cannot be used is said before anything starts", async () => {
  const result = await home.run(["run", "-e", "select 1 as a as t;"], { DUET_HOME: "/dev/null/home" });
  assert.equal(result.code, 3);
  assert.match(result.stderr, /error\[home-unusable\].*\n.*set DUET_HOME/u);
});

test("models: a folder without any, and a path that is none", async () => {
  const empty = await home.run(["models", "ls"]);
  assert.equal(empty.code, 0);
  assert.match(empty.stdout, /There are no models/u);
  const missing = await home.run(["models", "show", "nothing"]);
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /error\[model-not-found\].*nothing holds no model/u);
});
