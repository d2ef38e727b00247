export {
  duet,
  type ConnectOptions,
  type DuetConnection,
  type PythonRunOptions,
  type RunOptions,
} from "./duet.ts";
export { EngineStartError } from "./embedded/engine-start-error.ts";
export type { RaySize, RayTarget, SparkTarget } from "./embedded/targets.ts";
export type * from "@duet/engine";
