import { dirname, resolve } from "node:path";
import { type IncludeStatement, parseScript, type Script } from "@duet/mlsql";
import { LakeError } from "../lake/lake.ts";
import type { Run } from "../run.ts";
import type { Step, StepResult } from "../step.ts";
import { StepError } from "../step-error.ts";

/** Runs a script's statements in the run at hand. */
export type RunIncluded = (run: Run, script: Script) => Promise<StepResult>;

/** `include`: runs another script's statements as if they stood here. */
export async function runInclude(
  step: Step,
  statement: IncludeStatement,
  runIncluded: RunIncluded,
): Promise<StepResult> {
  const { run } = step;
  const path = run.variables.expand(statement.source.path.value);
  const { file, text } = await readIncluded(step, statement, path);
  run.sources.set(file, text);
  const { script, diagnostics } = parseScript(text, file);
  const errors = diagnostics.filter((diagnostic) => diagnostic.severity === "error");
  if (errors.length > 0) throw new StepError(errors);
  return runIncluded(run, script);
}

async function readIncluded(
  step: Step,
  statement: IncludeStatement,
  path: string,
): Promise<{ file: string; text: string }> {
  const file = includedFile(statement.span.file, path, step.run.options.workingDirectory);
  try {
    return { file, text: await step.run.lake.readText(file) };
  } catch (error) {
    if (!(error instanceof LakeError)) throw error;
    throw StepError.at(
      statement.source.path.span,
      "include-not-found",
      error.message,
      "paths count from the including script",
      error,
    );
  }
}

/** The file that an include means: paths count from the script that includes it. */
export function includedFile(from: string, path: string, workingDirectory: string): string {
  return resolve(workingDirectory, dirname(from), path);
}
