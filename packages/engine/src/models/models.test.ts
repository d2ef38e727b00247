import assert from "node:assert/strict";
import { test } from "node:test";
import { temporaryFolder } from "../../test/temporary-folder.ts";
import { LocalLake } from "../lake/local-lake.ts";
import { chooseModel } from "./choose.ts";
import { findModels } from "./find.ts";
import { modelHistory } from "./history.ts";
import { modelVersions } from "./layout.ts";
import { type GroupResult, type ModelManifest } from "./manifest.ts";
import { publishVersion, stagingPath } from "./publish.ts";

const group = (algIndex: number, score: number | null): GroupResult => ({
  algIndex,
  status: "success",
  score,
  metrics: {},
  message: "",
  startTime: 0,
  endTime: 1500,
  trainParams: { kernel: "rbf" },
});

async function stage(
  lake: LocalLake,
  model: string,
  run: string,
  groups: readonly GroupResult[],
  content = run,
): Promise<string> {
  const staging = stagingPath(model, run, 0);
  for (const { algIndex } of groups) await lake.writeText(`${staging}/model/${algIndex}/model.pkl`, content);
  const manifest: ModelManifest = {
    algorithm: "PythonAlg",
    run,
    created: 1,
    script: { file: "a.mlsql", entryPoint: "t", sources: {} },
    data: { table: "data", rows: 3, columns: [] },
    environment: "",
    parameters: {},
    engines: {},
    groups,
  };
  await lake.writeText(`${staging}/meta/manifest.json`, JSON.stringify(manifest));
  return staging;
}

test("each training gets the next version, and trainings at once do not clash", async () => {
  await using folder = await temporaryFolder();
  const lake = new LocalLake(folder.path);
  const model = lake.resolve("model");
  const staged = await Promise.all(
    Array.from({ length: 8 }, (_, index) => stage(lake, model, `run${index}`, [group(0, 1)])),
  );
  const versions = await Promise.all(staged.map((staging) => publishVersion(lake, model, staging, true)));
  assert.deepEqual(versions.map((version) => version.version).sort(), [0, 1, 2, 3, 4, 5, 6, 7]);
  assert.equal((await modelVersions(lake, model)).length, 8);
  assert.deepEqual(
    (await lake.list(model)).filter((entry) => entry.name.startsWith("_staging")),
    [],
  );
});

test("a model without versions is replaced whole", async () => {
  await using folder = await temporaryFolder();
  const lake = new LocalLake(folder.path);
  const model = lake.resolve("model");
  for (const run of ["first", "second"])
    await publishVersion(lake, model, await stage(lake, model, run, [group(0, 1)]), false);
  assert.equal(await lake.readText(`${model}/model/0/model.pkl`), "second");
  assert.deepEqual(
    (await lake.list(model)).map((entry) => entry.name),
    ["meta", "model"],
  );
});

test("the newest version and its best group are chosen unless others are asked for", async () => {
  await using folder = await temporaryFolder();
  const lake = new LocalLake(folder.path);
  const model = lake.resolve("model");
  await publishVersion(lake, model, await stage(lake, model, "a", [group(0, 0.9)]), true);
  await publishVersion(
    lake,
    model,
    await stage(lake, model, "b", [group(0, 0.5), group(1, 0.8), group(2, null)]),
    true,
  );
  const chosen = await chooseModel(lake, model, {});
  assert.ok(!("code" in chosen));
  assert.deepEqual([chosen.version.version, chosen.algIndex], [1, 1]);
  const asked = await chooseModel(lake, model, { version: 0, algIndex: 0 });
  assert.ok(!("code" in asked));
  assert.equal(asked.version.version, 0);
});

test("what is no model, a version or a group that is not there are told apart", async () => {
  await using folder = await temporaryFolder();
  const lake = new LocalLake(folder.path);
  const model = lake.resolve("model");
  const code = async (path: string, wanted: { version?: number; algIndex?: number }) => {
    const chosen = await chooseModel(lake, path, wanted);
    return "code" in chosen ? `${chosen.code}; ${chosen.suggestion}` : "found";
  };
  assert.match(await code(model, {}), /^model-not-found/u);
  await lake.writeText(lake.resolve("plain/file.txt"), "x");
  assert.match(await code(lake.resolve("plain"), {}), /^model-not-found/u);
  await publishVersion(lake, model, await stage(lake, model, "a", [group(0, 1)]), true);
  assert.match(await code(model, { version: 7 }), /^model-version-not-found; .*: 0/u);
  assert.match(await code(model, { algIndex: 3 }), /^model-group-not-found; .*: 0/u);
});

test("models are found below a path and their history is told, newest first", async () => {
  await using folder = await temporaryFolder();
  const lake = new LocalLake(folder.path);
  const model = lake.resolve("team/churn");
  await publishVersion(lake, model, await stage(lake, model, "a", [group(0, 0.4)]), true);
  await publishVersion(lake, model, await stage(lake, model, "b", [group(0, 0.7)]), true);
  const found = await findModels(lake, folder.path);
  assert.deepEqual(
    found.map((item) => [item.path, item.versions, item.score]),
    [[model, 2, 0.7]],
  );
  const history = await modelHistory(lake, model);
  assert.deepEqual(
    history.map((row) => [row.score, row.seconds]),
    [
      [0.7, 1.5],
      [0.4, 1.5],
    ],
  );
});
