import { LakeError } from "../lake/lake.ts";
import { StepError } from "../step-error.ts";
import type { Command } from "./command-function.ts";
import { showRows } from "./rows-table.ts";

/** `!hdfs -ls path;` (or `!fs`) lists a directory of the lake. */
export const listFiles: Command = async (step, statement, [verb, path]) => {
  const { lake } = step.run;
  if (verb !== "-ls" || path === undefined) {
    throw StepError.at(
      statement.span,
      "unknown-command",
      `!${statement.name.value} knows -ls only`,
      `write \`!${statement.name.value} -ls /path;\``,
    );
  }
  try {
    const entries = await lake.list(lake.resolve(path));
    showRows(
      step,
      path,
      [
        { name: "kind", type: "string" },
        { name: "owner", type: "string" },
        { name: "size", type: "bigint" },
        { name: "modified", type: "timestamp" },
        { name: "path", type: "string" },
      ],
      entries.map((entry) => [
        entry.kind,
        entry.owner,
        entry.size,
        entry.modified.toISOString().slice(0, 19).replace("T", " "),
        entry.path,
      ]),
    );
    return {};
  } catch (error) {
    if (!(error instanceof LakeError)) throw error;
    const span = statement.arguments[1]?.span ?? statement.span;
    throw StepError.at(
      span,
      error.code === "not-found" ? "path-not-found" : error.code,
      error.message,
      undefined,
      error,
    );
  }
};
