import type { Span } from "@duet/mlsql";
import { type JsonValue, RayError } from "@duet/ray";
import type { Step } from "../step.ts";
import { StepError } from "../step-error.ts";
import { parseEnvironment } from "./environment.ts";
import { scriptModule } from "./script-module.ts";

/** The environment of a training: the text it was described by, and what Ray's tasks are given. */
export interface Environment {
  readonly text: string;
  readonly runtimeEnvironment: JsonValue | undefined;
}

/** Builds the environment that `condaFile` names, or finds it built; its progress is the step's status. */
export async function prepareEnvironment(
  step: Step,
  condaFile: string | undefined,
  at: Span,
): Promise<Environment> {
  if (condaFile === undefined) return { text: "", runtimeEnvironment: undefined };
  const { source } = await scriptModule(step, condaFile, at);
  const parsed = await parseEnvironment(source);
  if (!parsed.ok) {
    throw StepError.at(
      at,
      "invalid-environment",
      parsed.problems.map((problem) => problem.message).join("; "),
    );
  }
  if (parsed.spec === undefined) return { text: source, runtimeEnvironment: undefined };
  step.status("building the Python environment");
  const ray = await step.run.ray();
  try {
    const runtimeEnvironment = await step.timed(
      "ray",
      ray.environment(parsed.spec as unknown as JsonValue, {
        run: step.run.id,
        signal: step.run.signal,
        onLine: (line) => {
          step.status(`building the Python environment: ${line}`);
        },
      }),
    );
    return { text: source, runtimeEnvironment };
  } catch (error) {
    if (!(error instanceof RayError)) throw error;
    throw StepError.at(
      at,
      error.code,
      error.message,
      "check the package names and versions in the environment",
      error,
    );
  }
}
