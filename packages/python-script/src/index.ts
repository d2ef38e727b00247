export { analyseScript, type AnalyseOptions } from "./analysis/analyse-script.ts";
export type { AskedSpark } from "./analysis/choose-spark.ts";
export type { ClassicUse, ScriptAnalysis } from "./analysis/script-analysis.ts";
export { parseScriptMessage } from "./channel/parse-message.ts";
export type { ScriptRayTask } from "./events/ray-steps.ts";
export { ScriptEvents } from "./events/script-events.ts";
export type { EndingSignal } from "./process/signal-witness.ts";
export { type PythonScriptRun, runPythonScript } from "./run-python-script.ts";
export type * from "./script-message.ts";
export type {
  ClassicInstallation,
  ClassicSpark,
  PythonScriptOptions,
  ScriptEngineProvider,
  ScriptRayAddress,
} from "./script-options.ts";
export { installSparkRelease } from "./environment/environment-process.ts";
export { clusterRuntimeEnv } from "./environment/cluster-runtime-env.ts";
export {
  prepareScriptEnvironment,
  type PrepareEnvironmentOptions,
} from "./environment/prepare-script-environment.ts";
export type * from "./environment/script-environment.ts";
export { ScriptEnvironmentError, type EnvironmentFailure } from "./environment/script-environment-error.ts";
export { type ClusterRunInfo, runInfo } from "./cluster/job-metadata.ts";
export { JobLogReader, type OutputWriter } from "./cluster/job-log-reader.ts";
export type { OutputStream } from "./cluster/log-decoder.ts";
export type { ClusterRunOptions, ScriptCluster } from "./cluster/cluster-options.ts";
export { type ClusterRun, runOnCluster } from "./cluster/run-on-cluster.ts";
export { uploadWiring } from "./cluster/wiring-packages.ts";
export { startFailure } from "./cluster/job-failure.ts";
export { type ClusterProbe, probeCluster } from "./cluster/probe-cluster.ts";
