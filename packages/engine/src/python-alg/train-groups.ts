import type { AlgorithmStatement } from "@duet/mlsql";
import { RayError } from "@duet/ray";
import { handedArgument } from "../hand-over/index.ts";
import type { GroupResult } from "../models/manifest.ts";
import type { Step } from "../step.ts";
import { type Failure, StepError } from "../step-error.ts";
import { lineSpan } from "../line-span.ts";
import { PLACEMENT_HELP, requestedResources, taskOptions, unplaceable } from "./task-options.ts";
import type { TrainingPlan } from "./training-plan.ts";

/** What `duet.python_alg.train:train_group` returns. */
interface GroupReport {
  readonly group: number;
  readonly status: "succeeded" | "failed";
  readonly score: number | null;
  readonly metrics: Readonly<Record<string, number | string>>;
  readonly message: string;
  readonly startTime: number;
  readonly endTime: number;
  readonly error?: {
    readonly code: string;
    readonly type: string;
    readonly message: string;
    readonly file?: string;
    readonly line?: number;
  };
}

/**
 * Runs the groups of a training side by side as Ray tasks and waits for all of them. Throws a {@link StepError}
 * with one mistake for each failed group, at the line of the script that failed.
 */
export async function trainGroups(
  step: Step,
  statement: AlgorithmStatement,
  plan: TrainingPlan,
): Promise<readonly GroupResult[]> {
  const { run } = step;
  const { options } = plan;
  const ray = await run.ray();
  const resources = taskOptions(options.systemParam, plan.environment.runtimeEnvironment, options.span);
  const reason = unplaceable(await ray.resources(), requestedResources(resources));
  if (reason !== undefined) {
    throw StepError.at(
      statement.span,
      "task-unschedulable",
      `no group of this training can be placed: ${reason}`,
      PLACEMENT_HELP,
    );
  }
  step.status(
    options.groups.length === 1 ? "training" : `training ${options.groups.length} groups side by side`,
  );
  const tasks = options.groups.map((group) => {
    const spec = {
      group: group.index,
      script: plan.entry,
      modules: plan.modules,
      fitParam: group.fitParam,
      systemParam: options.systemParam,
      staging: plan.staging,
      scratch: run.directory,
      dataFormat: group.dataFormat,
      enableDataLocal: options.enableDataLocal,
      resource: options.resource,
    };
    const task = ray.submit({
      function: { module: "duet.python_alg.train", name: "train_group" },
      arguments: [spec, handedArgument(plan.data)],
      options: resources,
      name: `${plan.entry.name}[${group.index}]`,
      run: run.id,
      label: String(group.index),
    });
    run.rayTasks.set(task.id, { step: step.index, group: group.index });
    return { group, task };
  });
  const results = await Promise.all(
    tasks.map(async ({ group, task }): Promise<{ result?: GroupResult; failure?: Failure }> => {
      try {
        const report = (await task.result({ signal: run.signal })) as unknown as GroupReport;
        return report.status === "succeeded"
          ? { result: groupResult(report, group.fitParam) }
          : { failure: reportedFailure(step, statement, report, group.index) };
      } catch (error) {
        if (!(error instanceof RayError) || run.signal.aborted) throw error;
        return {
          failure: {
            code: error.code,
            message: `group ${group.index}: ${error.message}`,
            span: statement.span,
          },
        };
      }
    }),
  );
  const failures = results.flatMap((result) => (result.failure === undefined ? [] : [result.failure]));
  if (failures.length > 0) throw new StepError(failures);
  return results.flatMap((result) => (result.result === undefined ? [] : [result.result]));
}

function groupResult(report: GroupReport, fitParam: Readonly<Record<string, string>>): GroupResult {
  return {
    algIndex: report.group,
    status: "success",
    score: report.score,
    metrics: report.metrics,
    message: report.message,
    startTime: report.startTime,
    endTime: report.endTime,
    trainParams: fitParam,
  };
}

function reportedFailure(
  step: Step,
  statement: AlgorithmStatement,
  report: GroupReport,
  group: number,
): Failure {
  const { error } = report;
  const span =
    error?.file === undefined || error.line === undefined
      ? undefined
      : lineSpan(step.run.sources, error.file, error.line);
  const message = error?.message ?? report.message;
  return {
    code: error?.code ?? "python-failed",
    message: `group ${group}: ${message}`,
    span: span ?? statement.span,
    suggestion: `nothing of this training is published: the model at ${statement.source.path.value} is as it was`,
  };
}
