import type { CommandStatement } from "@duet/mlsql";
import type { Step, StepResult } from "../step.ts";

/** How a `!command` is run: its arguments come with their variables replaced. */
export type Command = (
  step: Step,
  statement: CommandStatement,
  argumentTexts: readonly string[],
) => Promise<StepResult>;
