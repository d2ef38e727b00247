import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { findSource } from "./environment-source.ts";
import { ScriptEnvironmentError } from "./script-environment-error.ts";

const folder = await mkdtemp(join(tmpdir(), "duet-source-"));
after(() => rm(folder, { recursive: true, force: true }));
const script = join(folder, "train.py");

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

test("a script that describes nothing has no source", async () => {
  assert.equal(await findSource({ script }), undefined);
  assert.equal(await findSource({ script, metadata: [] }), undefined);
});

test("a script's metadata counts from the line after its mark; a given file counts before it", async () => {
  const metadata = [{ text: 'dependencies = ["toolz"]', line: 3 }];
  const inline = { script, toml: 'dependencies = ["toolz"]', line: 4 };
  assert.deepEqual((await findSource({ script, metadata }))?.spec, { inline });
  const environmentFile = await file("requirements.txt", "toolz\n");
  const found = await findSource({ script, metadata, environmentFile });
  assert.deepEqual(found?.spec, { requirementsFile: environmentFile });
  assert.equal(found.text, "toolz\n");
});

test("a file is read as what its name says", async () => {
  const project = await file("pyproject.toml", "[project]\n");
  assert.deepEqual((await findSource({ script, environmentFile: project }))?.spec, { projectFile: project });
  const conda = await file(
    "environment.yml",
    "name: x\ndependencies:\n  - python>=3.9\n  - pip:\n      - toolz\n      - -r more.txt\n",
  );
  assert.deepEqual((await findSource({ script, environmentFile: conda }))?.spec, {
    python: ">=3.9",
    requirements: [
      { text: "toolz", line: 5 },
      { text: "-r more.txt", line: 6 },
    ],
    file: conda,
  });
});

test("what is no environment is told with its place", async () => {
  const failures = [
    [{ environmentFile: join(folder, "none.txt") }, "environment-missing", /there is no environment file/u],
    [{ environmentFile: folder }, "environment-missing", /cannot be read/u],
    [
      { environmentFile: await file("poetry.lock", "") },
      "environment-unsupported",
      /poetry\.lock is no kind/u,
    ],
    [
      { environmentFile: await file("broken.yaml", "dependencies:\n  - pip: [a\nname: x\n") },
      "environment-invalid",
      /does not parse/u,
    ],
    [
      {
        metadata: [
          { text: "", line: 1 },
          { text: "", line: 5 },
        ],
      },
      "environment-invalid",
      /two blocks/u,
    ],
  ] as const;
  for (const [source, code, words] of failures) {
    await assert.rejects(findSource({ script, ...source }), (error) => {
      assert.ok(error instanceof ScriptEnvironmentError);
      assert.equal(error.code, code);
      assert.match(error.message, words);
      if (code === "environment-invalid") assert.ok((error.line ?? 0) > 1);
      return true;
    });
  }
});
