import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { isPythonScript, separateScript } from "./script-arguments.ts";

const folder = await mkdtemp(join(tmpdir(), "duet-arguments-"));
after(() => rm(folder, { recursive: true, force: true }));

const separated = (...parameters: readonly string[]): readonly string[] =>
  separateScript(
    parameters,
    (option) => ["--spark", "-e"].includes(option),
    (file) => file.endsWith(".py"),
  );

test("what follows a Python script is the script's own", () => {
  assert.deepEqual(separated("run", "train.py", "--help", "-q"), ["run", "--", "train.py", "--help", "-q"]);
  assert.deepEqual(separated("run", "--spark", "sail", "--json", "train.py", "--", "x"), [
    "run",
    "--spark",
    "sail",
    "--json",
    "--",
    "train.py",
    "--",
    "x",
  ]);
  assert.deepEqual(separated("run", "--spark=x.py", "train.py"), ["run", "--spark=x.py", "--", "train.py"]);
});

test("the options of other scripts and commands are left as they are", () => {
  for (const parameters of [
    ["run", "train.mlsql", "--set", "a=b.py"],
    ["run", "--spark", "train.py"],
    ["run", "-e", "select 1 as a as t;", "x"],
    ["run", "-", "train.py"],
    ["run", "--", "train.py", "--help"],
    ["run"],
    ["models", "show", "train.py"],
    [],
  ]) {
    assert.deepEqual(separated(...parameters), parameters);
  }
});

test("a Python script is told by its ending, or by its first line where it has none", async () => {
  const write = async (name: string, text: string): Promise<string> => {
    await writeFile(join(folder, name), text);
    return join(folder, name);
  };
  assert.ok(isPythonScript("missing.py"));
  assert.ok(isPythonScript(await write("train", "#!/usr/bin/env python3\nprint(1)\n")));
  assert.ok(isPythonScript(await write("old", "#! /usr/bin/python3.11 -u\n")));
  assert.ok(!isPythonScript(await write("shell", "#!/bin/sh\npython x\n")));
  assert.ok(!isPythonScript(await write("pythonic", "#!/opt/pythonish/run\n")));
  assert.ok(!isPythonScript(await write("x.mlsql", "#!/usr/bin/env python\n")));
  assert.ok(!isPythonScript(folder) && !isPythonScript("missing"));
});
