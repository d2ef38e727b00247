import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../../test/temporary-folder.ts";
import { LakeError } from "./lake.ts";
import { LocalLake } from "./local-lake.ts";
import { appendFiles, replaceDirectory } from "./place-files.ts";

test("relative paths count from the working directory, absolute ones stand as they are", () => {
  const lake = new LocalLake("/home/ann");
  assert.equal(lake.resolve("data/a.csv"), "/home/ann/data/a.csv");
  assert.equal(lake.resolve("/tmp/tf/model"), "/tmp/tf/model");
  assert.equal(lake.resolve("file:///tmp/x"), "/tmp/x");
});

test("a text that is written is read whole, and a missing file is named", async () => {
  await using folder = await temporaryFolder();
  const lake = new LocalLake(folder.path);
  await lake.writeText(lake.resolve("a/b.txt"), "söme text");
  assert.equal(await lake.readText(lake.resolve("a/b.txt")), "söme text");
  assert.deepEqual(
    (await lake.list(lake.resolve("a"))).map((entry) => entry.name),
    ["b.txt"],
  );
  await assert.rejects(
    lake.readText(lake.resolve("nope")),
    (error) => error instanceof LakeError && error.code === "not-found" && error.message.includes("nope"),
  );
  assert.equal(await lake.stat(lake.resolve("nope")), undefined);
});

test("a directory does not take the place of one that has files", async () => {
  await using folder = await temporaryFolder();
  const lake = new LocalLake(folder.path);
  await lake.writeText(lake.resolve("old/file"), "old");
  await lake.writeText(lake.resolve("new/file"), "new");
  await assert.rejects(
    lake.rename(lake.resolve("new"), lake.resolve("old")),
    (error) => error instanceof LakeError && error.code === "exists",
  );
  assert.equal(await lake.readText(lake.resolve("old/file")), "old");
});

test("an overwrite replaces a whole directory and leaves nothing beside it", async () => {
  await using folder = await temporaryFolder();
  const lake = new LocalLake(folder.path);
  await lake.writeText(lake.resolve("table/part-0"), "old");
  await lake.writeText(lake.resolve(".staging/part-1"), "new");
  await replaceDirectory(lake, lake.resolve(".staging"), lake.resolve("table"));
  assert.deepEqual(
    (await lake.list(lake.resolve("table"))).map((entry) => entry.name),
    ["part-1"],
  );
  assert.deepEqual(
    (await lake.list(folder.path)).map((entry) => entry.name),
    ["table"],
  );
});

test("an append keeps what is there, also in partitions", async () => {
  await using folder = await temporaryFolder();
  await mkdir(join(folder.path, "table", "day=1"), { recursive: true });
  await mkdir(join(folder.path, "staging", "day=1"), { recursive: true });
  await mkdir(join(folder.path, "staging", "day=2"), { recursive: true });
  for (const file of ["table/day=1/a", "staging/day=1/b", "staging/day=2/c", "staging/_SUCCESS"])
    await writeFile(join(folder.path, file), file);
  const lake = new LocalLake(folder.path);
  await appendFiles(lake, lake.resolve("staging"), lake.resolve("table"));
  assert.deepEqual(
    (await lake.list(lake.resolve("table/day=1"))).map((entry) => entry.name),
    ["a", "b"],
  );
  assert.deepEqual(
    (await lake.list(lake.resolve("table"))).map((entry) => entry.name),
    ["day=1", "day=2"],
  );
});

test("an empty directory goes; one that another has put something into, and one that is gone, are left", async () => {
  await using folder = await temporaryFolder();
  const lake = new LocalLake(folder.path);
  const shared = lake.resolve("shared");
  await lake.writeText(join(shared, "theirs.txt"), "kept");
  await lake.removeIfEmpty(shared);
  assert.equal(await lake.readText(join(shared, "theirs.txt")), "kept");
  await lake.remove(join(shared, "theirs.txt"));
  await Promise.all([lake.removeIfEmpty(shared), lake.removeIfEmpty(shared)]);
  assert.equal(await lake.stat(shared), undefined);
});
