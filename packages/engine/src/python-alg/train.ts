import type { AlgorithmStatement } from "@duet/mlsql";
import { describeType } from "@duet/spark-connect";
import type { GroupResult, ModelManifest } from "../models/manifest.ts";
import { publishVersion, removeStaging, stagingPath } from "../models/publish.ts";
import { manifestPath, type ModelVersion } from "../models/layout.ts";
import { resolvePath } from "../options.ts";
import type { Step, StepResult } from "../step.ts";
import { StepError } from "../step-error.ts";
import { withSparkErrors } from "../spark-errors.ts";
import { handOverTable } from "./hand-over-table.ts";
import { prepareEnvironment } from "./prepare-environment.ts";
import { type ScriptModule, scriptModule } from "./script-module.ts";
import { showTrainingTable } from "./training-table.ts";
import { type TrainingOptions, trainingOptions } from "./training-options.ts";
import { trainGroups } from "./train-groups.ts";

/**
 * `train data as PythonAlg`: hands the table to Ray, runs the script once for each group side by side, and
 * publishes a version when all have succeeded. Where one fails, the others end, nothing is published, and the
 * statement fails.
 */
export async function trainPythonAlg(step: Step, statement: AlgorithmStatement): Promise<StepResult> {
  const { run } = step;
  const options = trainingOptions(run, statement);
  const modelPath = resolvePath(run, statement.source.path);
  const modules = await Promise.all(
    options.scripts.map((name) => scriptModule(step, name, options.span("scripts"))),
  );
  const entry = modules.find((module) => module.name === options.entryPoint);
  if (entry === undefined) {
    const message = `entryPoint="${options.entryPoint}" is not among scripts="${options.scripts.join(",")}"`;
    throw StepError.at(options.entryPointSpan, "unknown-entry-point", message);
  }
  const ray = await run.ray();
  const environment = await prepareEnvironment(step, options.condaFile, options.condaFileSpan);

  const { frame, data } = await handOverTable(step, statement.input);
  const schema = await withSparkErrors(step, statement.input, frame.schema({ signal: run.signal }));

  const staging = stagingPath(modelPath, run.id, step.index);
  try {
    await run.lake.makeDirectory(staging);
    const training = trainGroups(step, statement, {
      options,
      entry,
      modules: modules.filter((module) => module !== entry),
      environment,
      data,
      staging,
    });
    const groups = await step.timed("ray", training);
    const manifest: ModelManifest = {
      algorithm: statement.source.format.value,
      run: run.id,
      created: Date.now(),
      script: { file: entry.file, entryPoint: entry.name, sources: sourcesOf(modules) },
      data: {
        table: statement.input.value,
        rows: data.rows,
        columns: schema.fields.map((field) => ({ name: field.name, type: describeType(field.type) })),
      },
      environment: environment.text,
      parameters: options.all,
      engines: {
        spark: (await run.spark()).address.description,
        ray: `Ray ${ray.cluster.rayVersion}, Python ${ray.cluster.pythonVersion}`,
      },
      groups,
    };
    await run.lake.writeText(
      manifestPath({ version: undefined, path: staging }),
      `${JSON.stringify(manifest, undefined, 2)}\n`,
    );
    const version = await publishVersion(run.lake, modelPath, staging, options.keepVersion);
    const table = await resultTable(step, statement, version, groups, options);
    return { table, shown: true };
  } finally {
    await removeStaging(run.lake, modelPath, staging);
  }
}

async function resultTable(
  step: Step,
  statement: AlgorithmStatement,
  version: ModelVersion,
  groups: readonly GroupResult[],
  options: TrainingOptions,
): Promise<string> {
  const name = statement.output?.value ?? `${statement.source.format.value}_result_${step.index}`;
  await showTrainingTable(step, name, version, statement.source.format.value, groups, options.all);
  return name;
}

function sourcesOf(modules: readonly ScriptModule[]): Readonly<Record<string, string>> {
  return Object.fromEntries(modules.map((module) => [module.name, module.source]));
}
