import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { listEnvironments, pruneEnvironments, sizeOf } from "./built-environments.ts";

const home = await mkdtemp(join(tmpdir(), "duet-environments-"));
after(() => rm(home, { recursive: true, force: true }));
const store = join(home, "environments");

async function make(name: string, lastUsed: string, description?: object): Promise<string> {
  const folder = join(store, name);
  await mkdir(join(folder, "bin"), { recursive: true });
  await writeFile(join(folder, "bin/python"), "x".repeat(100_000));
  if (description !== undefined)
    await writeFile(join(folder, "duet-environment.json"), JSON.stringify(description));
  await utimes(folder, new Date(lastUsed), new Date(lastUsed));
  return folder;
}

test("a home without environments has none, and nothing to remove", async () => {
  assert.deepEqual(await listEnvironments(home), []);
  assert.equal(await sizeOf([]), 0);
  assert.deepEqual(await pruneEnvironments(home, Date.now()), { removed: [], bytes: 0 });
});

test("environments are listed, and the unused ones go with all that knows of them", async () => {
  const fresh = await make("0123456789abcdef0123", "2026-11-20", { requirements: ["toolz"] });
  const unused = await make("fedcba98765432100000", "2026-01-01");
  await make("aaaa.new", "2026-01-01");
  await make("bbbb.new", new Date().toISOString());
  await mkdir(join(store, "known"));
  for (const [name, folder] of [
    ["fresh.json", fresh],
    ["unused.json", unused],
    ["default.json", undefined],
  ] as const) {
    const python = folder === undefined ? null : join(folder, "bin/python");
    await writeFile(join(store, "known", name), JSON.stringify({ python, files: {}, notes: [] }));
  }
  await writeFile(join(store, "known/half.json.123"), "{");

  const listed = await listEnvironments(home);
  assert.deepEqual(
    listed.map(({ id, requirements }) => [id, requirements]),
    [
      ["0123456789abcdef0123", ["toolz"]],
      ["fedcba98765432100000", []],
    ],
  );
  const { removed, bytes } = await pruneEnvironments(home, new Date("2026-10-01").getTime());
  assert.deepEqual(
    removed.map(({ folder }) => folder),
    [unused],
  );
  assert.ok(bytes >= 100_000, String(bytes));
  assert.deepEqual((await readdir(store)).sort(), ["0123456789abcdef0123", "bbbb.new", "known"]);
  assert.deepEqual((await readdir(join(store, "known"))).sort(), ["default.json", "fresh.json"]);
});
