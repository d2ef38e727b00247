import { resolve } from "node:path";
import { findModels, LocalLake, modelHistory } from "@duet/engine";
import { coloursFor } from "../view/colours.ts";
import { tableText } from "../view/table-text.ts";
import { exitCode } from "./exit-code.ts";
import { printError } from "./print-error.ts";

const whenText = (milliseconds: number): string =>
  new Date(milliseconds).toISOString().replace("T", " ").slice(0, 19);

const pairsText = (values: Readonly<Record<string, string | number>>): string =>
  Object.entries(values)
    .map(([key, value]) => `${key}=${typeof value === "number" ? Number(value.toPrecision(6)) : value}`)
    .join(" ");

/** Lists the models at a path and below it. Gives the exit code. */
export async function listModels(path: string, json: boolean): Promise<number> {
  const models = await findModels(new LocalLake(process.cwd()), resolve(path));
  if (json) {
    process.stdout.write(`${JSON.stringify({ models })}\n`);
    return exitCode.succeeded;
  }
  if (models.length === 0) {
    process.stdout.write(`There are no models at ${resolve(path)} or up to four folders below it.\n`);
    return exitCode.succeeded;
  }
  print({
    name: `models below ${resolve(path)}`,
    columns: [
      { name: "path", type: "string" },
      { name: "algorithm", type: "string" },
      { name: "versions", type: "int" },
      { name: "best score", type: "double" },
      { name: "newest (UTC)", type: "string" },
    ],
    rows: models.map((model) => [
      model.path,
      model.algorithm,
      model.versions,
      model.score,
      model.created === undefined ? null : whenText(model.created),
    ]),
  });
  return exitCode.succeeded;
}

/** Shows the versions and groups of one model, newest first. Gives the exit code. */
export async function showModel(path: string, json: boolean): Promise<number> {
  const history = await modelHistory(new LocalLake(process.cwd()), resolve(path));
  if (history.length === 0) {
    printError({
      code: "model-not-found",
      message: `${resolve(path)} holds no model`,
      help: "`duet models ls` lists the models below a folder; a model is what a `train … as PythonAlg` has published",
    });
    return exitCode.failed;
  }
  if (json) {
    process.stdout.write(`${JSON.stringify({ path: resolve(path), history })}\n`);
    return exitCode.succeeded;
  }
  print({
    name: `model ${resolve(path)}`,
    columns: [
      { name: "version", type: "string" },
      { name: "group", type: "int" },
      { name: "score", type: "double" },
      { name: "metrics", type: "string" },
      { name: "parameters", type: "string" },
      { name: "rows", type: "bigint" },
      { name: "trained (UTC)", type: "string" },
      { name: "seconds", type: "double" },
    ],
    rows: history.map((row) => [
      row.modelPath.slice(resolve(path).length + 1) || "(no versions)",
      row.algIndex,
      row.score,
      pairsText(row.metrics),
      pairsText(row.trainParams),
      row.rows,
      whenText(row.startTime),
      row.seconds,
    ]),
  });
  return exitCode.succeeded;
}

function print(table: Omit<Parameters<typeof tableText>[0], "truncated">): void {
  const { stdout } = process;
  const width = stdout.isTTY ? stdout.columns : 160;
  process.stdout.write(`${tableText({ ...table, truncated: false }, width, coloursFor(stdout))}\n`);
}
