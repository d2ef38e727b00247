import type { CommandStatement } from "@duet/mlsql";
import type { Step, StepResult } from "../step.ts";
import type { Command } from "./command-function.ts";
import { StepError } from "../step-error.ts";
import { assertTable } from "./assert.ts";
import { describeTable } from "./desc.ts";
import { listFiles } from "./hdfs.ts";
import { modelHistory } from "./model.ts";
import { printText } from "./println.ts";
import { show } from "./show.ts";

/** The commands by name; `registry/commands.ts` describes them for the check. */
const COMMANDS: Readonly<Record<string, Command>> = {
  assert: assertTable,
  desc: describeTable,
  fs: listFiles,
  hdfs: listFiles,
  model: modelHistory,
  println: printText,
  show,
};

/** Runs a `!command`. */
export function runCommand(step: Step, statement: CommandStatement): Promise<StepResult> {
  const command = COMMANDS[statement.name.value.toLowerCase()];
  if (command === undefined) {
    const known = Object.keys(COMMANDS)
      .map((name) => `!${name}`)
      .join(", ");
    throw StepError.at(
      statement.name.span,
      "unknown-command",
      `no command is named !${statement.name.value}`,
      `the commands are ${known}`,
    );
  }
  return command(
    step,
    statement,
    statement.arguments.map((argument) => step.run.variables.expand(argument.value)),
  );
}
