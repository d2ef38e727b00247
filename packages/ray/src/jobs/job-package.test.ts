import assert from "node:assert/strict";
import { test } from "node:test";
import { unzipSync } from "fflate";
import { makePackage, type PackageFile } from "./job-package.ts";

const file = (path: string, text: string, executable = false): PackageFile => ({
  path,
  content: Buffer.from(text),
  executable,
});

test("a package is named by its content, whatever the order and the day", async () => {
  const one = makePackage([file("a.py", "1"), file("b/c.py", "2")]);
  const other = makePackage([file("b/c.py", "2"), file("a.py", "1")]);
  assert.equal(one.name, other.name);
  assert.match(one.name, /^_ray_pkg_[0-9a-f]{32}\.zip$/u);
  assert.deepEqual(Buffer.from(await one.bytes()), Buffer.from(await other.bytes()));
});

test("any change gives another name", () => {
  const names = [
    [file("a.py", "1")],
    [file("a.py", "2")],
    [file("b.py", "1")],
    [file("a.py", "1", true)],
    [file("a.py", "1"), file("b.py", "")],
  ].map((files) => makePackage(files).name);
  assert.equal(new Set(names).size, names.length);
});

test("the zip holds the files as they are", async () => {
  const bytes = await makePackage([file("a.py", "print('ä')"), file("data/empty", "")]).bytes();
  const content = Object.entries(unzipSync(bytes)).map(([path, data]) => [
    path,
    Buffer.from(data).toString(),
  ]);
  assert.deepEqual(content, [
    ["a.py", "print('ä')"],
    ["data/empty", ""],
  ]);
});
