export type * from "./script-message.ts";
export { clusterRuntimeEnv } from "./environment/cluster-runtime-env.ts";
export {
  prepareScriptEnvironment,
  type PrepareEnvironmentOptions,
} from "./environment/prepare-script-environment.ts";
export type * from "./environment/script-environment.ts";
export { ScriptEnvironmentError, type EnvironmentFailure } from "./environment/script-environment-error.ts";
