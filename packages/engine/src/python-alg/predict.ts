import type { AlgorithmStatement, Span } from "@duet/mlsql";
import { type JsonValue, type RayClient, RayError } from "@duet/ray";
import { handBack, handedArgument } from "../hand-over/index.ts";
import { chooseModel, type ChosenModel } from "../models/choose.ts";
import { Options, resolvePath } from "../options.ts";
import type { Step, StepResult } from "../step.ts";
import { StepError } from "../step-error.ts";
import { withSparkErrors } from "../spark-errors.ts";
import { handOverTable } from "./hand-over-table.ts";
import { prepareEnvironment } from "./prepare-environment.ts";
import { scriptModule } from "./script-module.ts";
import { taskOptions } from "./task-options.ts";

/** Finds the model of a predict or register; throws a {@link StepError} that says what there is instead. */
export async function modelOf(
  step: Step,
  statement: Pick<AlgorithmStatement, "source">,
  options: Options,
): Promise<ChosenModel> {
  const version = options.integer("modelVersion", 0);
  const algIndex = options.integer("algIndex", 0);
  const chosen = await chooseModel(step.run.lake, resolvePath(step.run, statement.source.path), {
    ...(version === undefined ? {} : { version }),
    ...(algIndex === undefined ? {} : { algIndex }),
  });
  if (!("code" in chosen)) return chosen;
  const option = {
    "model-not-found": "",
    "model-version-not-found": "modelVersion",
    "model-group-not-found": "algIndex",
  }[chosen.code];
  throw StepError.at(
    options.span(option, statement.source.path.span),
    chosen.code,
    chosen.message,
    chosen.suggestion,
  );
}

/** What the options of a predict or register say about how the model is applied, for `duet.python_alg.predict`. */
export async function applyParameters(
  step: Step,
  options: Options,
  span: (key: string) => Span,
): Promise<Readonly<Record<string, JsonValue>>> {
  const scripts = options.list("scripts");
  const entryPoint = options.get("entryPoint") ?? scripts[0];
  const modules = await Promise.all(scripts.map((name) => scriptModule(step, name, span("scripts"))));
  const entry = modules.find((module) => module.name === entryPoint);
  return {
    ...(entry === undefined ? {} : { script: entry, modules: modules.filter((module) => module !== entry) }),
    outputColumn: options.get("outputCol") ?? "prediction",
    probability: options.boolean("probability", false),
    systemParam: options.family("systemParam."),
    fitParam: options.family("fitParam."),
  };
}

/** `predict data as PythonAlg`: applies a saved model in Ray; the result is the table with what the model says of each row. */
export async function predictPythonAlg(step: Step, statement: AlgorithmStatement): Promise<StepResult> {
  const { run } = step;
  const options = new Options(run, statement.options);
  const model = await modelOf(step, statement, options);
  const span = (key: string) => options.span(key, statement.span);
  const ray = await run.ray();
  const environment = await prepareEnvironment(step, options.get("condaFile"), span("condaFile"));

  const { data } = await handOverTable(step, statement.input);
  step.status(`predicting ${data.rows.toLocaleString("en-US")} rows`);
  const parameters = { modelDir: model.path, ...(await applyParameters(step, options, span)) };
  const resources = taskOptions(options.family("systemParam."), environment.runtimeEnvironment, span);
  const parts = shards(data.rows, await ray.resources(), resources.numCpus ?? 1);
  // Files that several tasks need are read once; the tasks then share the table in Ray's object store.
  const source =
    parts.length === 1 || data.kind === "object"
      ? handedArgument(data)
      : ray.submit({
          function: { module: "duet.table_reader", name: "read" },
          arguments: [handedArgument(data)],
          name: "read",
          run: run.id,
        }).ref;
  const tasks = parts.map((rows) => {
    const task = ray.submit({
      function: { module: "duet.python_alg.predict", name: "predict_table" },
      arguments: [rows === undefined ? parameters : { ...parameters, rows }, source],
      options: resources,
      name: "predict",
      run: run.id,
    });
    run.rayTasks.set(task.id, { step: step.index });
    return task;
  });
  try {
    await step.timed("ray", Promise.all(tasks.map((task) => task.result({ signal: run.signal }))));
  } catch (error) {
    if (!(error instanceof RayError) || run.signal.aborted) throw error;
    await Promise.all(tasks.map((task) => task.cancel()));
    throw StepError.at(statement.span, error.code, error.message, undefined, error);
  }
  const { session } = await run.spark();
  const output = statement.output?.value ?? `predict_result_${step.index}`;
  const back = handBack(
    session,
    ray,
    tasks.map((task) => task.ref),
    {
      run: run.id,
      directory: run.directory,
      name: `${step.index}-${output}`,
      signal: run.signal,
      rows: data.rows,
    },
  );
  const frame = await step.timed("ray", back);
  await withSparkErrors(
    step,
    statement.output,
    frame.createOrReplaceTempView(output, { signal: run.signal }),
  );
  return { table: output, rows: data.rows };
}

/** Below this many rows one task is faster than several, each of which loads the model. */
const ROWS_OF_A_SHARD = 100_000;

/** First row and number of rows of each task that predicts side by side; one `undefined` for the whole table. */
function shards(
  rows: number,
  nodes: RayClient["cluster"]["nodes"],
  cpus: number,
): readonly (readonly [first: number, count: number] | undefined)[] {
  const room = nodes.reduce(
    (sum, node) => sum + Math.floor((node.resources.CPU ?? 0) / Math.max(cpus, 1)),
    0,
  );
  const count = Math.min(room, Math.floor(rows / ROWS_OF_A_SHARD));
  if (count <= 1) return [undefined];
  const size = Math.ceil(rows / count);
  return Array.from({ length: count }, (_, index) => [index * size, Math.min(size, rows - index * size)]);
}
