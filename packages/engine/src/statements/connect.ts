import type { ConnectStatement } from "@duet/mlsql";
import { Options } from "../options.ts";
import type { Step, StepResult } from "../step.ts";

/** `connect`: options under a name, for ``load jdbc.`name.table` ``. Nothing is opened yet. */
export function runConnect(step: Step, statement: ConnectStatement): Promise<StepResult> {
  const options = new Options(step.run, statement.options).record();
  step.run.connections.set(statement.name.value, { format: statement.format.value.toLowerCase(), options });
  return Promise.resolve({});
}
