import type { HandedTable } from "../hand-over/index.ts";
import type { Environment } from "./prepare-environment.ts";
import type { ScriptModule } from "./script-module.ts";
import type { TrainingOptions } from "./training-options.ts";

/** What the groups of a training share. */
export interface TrainingPlan {
  readonly options: TrainingOptions;
  readonly entry: ScriptModule;
  readonly modules: readonly ScriptModule[];
  readonly environment: Environment;
  readonly data: HandedTable;
  readonly staging: string;
}
