export type * from "./engine-provider.ts";
export type * from "./run-event.ts";
export type { RunScriptOptions } from "./run-options.ts";
export { runScript } from "./run-script.ts";
export { LocalLake } from "./lake/local-lake.ts";
export { type Lake, type LakeEntry, LakeError, type LakeErrorCode } from "./lake/lake.ts";
export { findModels, type FoundModel } from "./models/find.ts";
export { modelHistory, type ModelHistoryRow } from "./models/history.ts";
