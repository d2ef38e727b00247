import type { RegisterStatement } from "@duet/mlsql";
import { RayError } from "@duet/ray";
import { Options } from "../options.ts";
import type { Step, StepResult } from "../step.ts";
import { StepError } from "../step-error.ts";
import { withSparkErrors } from "../spark-errors.ts";
import { prepareEnvironment } from "./prepare-environment.ts";
import { applyParameters, modelOf } from "./predict.ts";

/**
 * ``register PythonAlg.`path` as name``: serves a saved model from Ray for as long as the run lasts, and makes it a
 * function of Spark SQL. The function on Spark's executors only sends its columns and reads the answer, so that
 * the model's libraries are needed in Ray alone.
 */
export async function registerPythonAlg(step: Step, statement: RegisterStatement): Promise<StepResult> {
  const { run } = step;
  const options = new Options(run, statement.options);
  const model = await modelOf(step, statement, options);
  const ray = await run.ray();
  const span = (key: string) => options.span(key, statement.span);
  const environment = await prepareEnvironment(step, options.get("condaFile"), span("condaFile"));
  const parameters = await applyParameters(step, options, span);
  step.status("loading the model in Ray");
  const outputType = options.get("outputType");
  const concurrency = options.integer("maxConcurrency", 1);
  try {
    const served = await step.timed(
      "ray",
      ray.serveFunction(
        {
          name: statement.function.value,
          modelDir: model.path,
          ...parameters,
          ...(outputType === undefined ? {} : { outputType }),
          ...(concurrency === undefined ? {} : { maxConcurrency: concurrency }),
          ...(environment.runtimeEnvironment === undefined
            ? {}
            : { runtimeEnvironment: environment.runtimeEnvironment }),
        },
        { run: run.id, signal: run.signal },
      ),
    );
    const { session } = await run.spark();
    const registering = session.registerFunction(
      {
        name: statement.function.value,
        command: served.udf.command,
        evalType: served.udf.evalType,
        outputType: served.udf.outputType,
        pythonVersion: served.udf.pythonVersion,
      },
      { signal: run.signal },
    );
    await withSparkErrors(step, undefined, step.timed("spark", registering));
  } catch (error) {
    if (!(error instanceof RayError) || run.signal.aborted) throw error;
    throw StepError.at(statement.source.path.span, error.code, error.message, undefined, error);
  }
  return {};
}
