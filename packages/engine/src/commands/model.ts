import { StepError } from "../step-error.ts";
import { modelHistory as history } from "../models/history.ts";
import type { Command } from "./command-function.ts";
import { showRows } from "./rows-table.ts";

/** `!model history path;` shows a model's versions, newest first. */
export const modelHistory: Command = async (step, statement, [verb, path]) => {
  if (verb !== "history" || path === undefined) {
    throw StepError.at(
      statement.span,
      "unknown-command",
      "!model knows history only",
      "write `!model history /path;`",
    );
  }
  const { lake } = step.run;
  const rows = await history(lake, lake.resolve(path));
  if (rows.length === 0) {
    const span = statement.arguments[1]?.span ?? statement.span;
    throw StepError.at(span, "model-not-found", `there is no model at ${lake.resolve(path)}`);
  }
  showRows(
    step,
    `history of ${path}`,
    [
      { name: "modelPath", type: "string" },
      { name: "algIndex", type: "int" },
      { name: "alg", type: "string" },
      { name: "score", type: "double" },
      { name: "metrics", type: "string" },
      { name: "startTime", type: "timestamp" },
      { name: "seconds", type: "double" },
      { name: "trainParams", type: "string" },
    ],
    rows.map((row) => [
      row.modelPath,
      row.algIndex,
      row.algorithm,
      row.score,
      JSON.stringify(row.metrics),
      time(row.startTime),
      row.seconds,
      JSON.stringify(row.trainParams),
    ]),
  );
  return {};
};

function time(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(0, 19).replace("T", " ");
}
