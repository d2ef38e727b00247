import type { ModelVersion } from "../models/layout.ts";
import type { GroupResult } from "../models/manifest.ts";
import { showTable } from "../show-table.ts";
import type { Step } from "../step.ts";

const SCHEMA =
  "modelPath string, algIndex int, alg string, score double, metrics string, status string, message string, " +
  "startTime timestamp, endTime timestamp, trainParams string, execDesc string";

/** Makes the table that a training returns, in MLSQL's columns, and shows it. */
export async function showTrainingTable(
  step: Step,
  name: string,
  version: ModelVersion,
  algorithm: string,
  groups: readonly GroupResult[],
  parameters: Readonly<Record<string, string>>,
): Promise<void> {
  const { session } = await step.run.spark();
  const rows = groups.map((group) => ({
    modelPath: version.path,
    algIndex: group.algIndex,
    alg: algorithm,
    score: group.score,
    metrics: JSON.stringify(group.metrics, (_key, value: unknown) =>
      typeof value === "number" ? Number(value.toPrecision(6)) : value,
    ),
    status: group.status,
    message: group.message,
    startTime: new Date(group.startTime).toISOString(),
    endTime: new Date(group.endTime).toISOString(),
    trainParams: JSON.stringify(group.trainParams),
    execDesc: JSON.stringify(parameters),
  }));
  const frame = session.createDataFrame(rows, SCHEMA);
  await frame.createOrReplaceTempView(name, { signal: step.run.signal });
  await showTable(step, frame, name, rows.length);
}
