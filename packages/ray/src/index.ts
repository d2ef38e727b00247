export type { BridgeAddress } from "./bridge-address.ts";
export { connectRay } from "./connect-ray.ts";
export type { JsonValue } from "./json-value.ts";
export { ObjectRef } from "./object-ref.ts";
export type { RayClient, RayCluster, RayNode } from "./ray-client.ts";
export { RayError, type ErrorDescription } from "./ray-error.ts";
export type {
  RayEnvironmentEvent,
  RayEvent,
  RayLogEvent,
  RayNoteEvent,
  RayTaskEvent,
  RayTaskState,
} from "./ray-event.ts";
export { startBridge, type BridgeProcess, type StartBridgeOptions } from "./start-bridge.ts";
export type { FunctionReference, RayTask, TaskOptions, TaskRequest } from "./task-request.ts";
export type { ServedFunction } from "./serve-function.ts";
export { type JobPackage, makePackage, type PackageFile } from "./jobs/job-package.ts";
export type { RayJobsAddress } from "./jobs/jobs-connection.ts";
export { RayJobsError } from "./jobs/jobs-error.ts";
export { isOver, type RayJob, type RayJobState, type RayJobsVersion } from "./jobs/ray-job.ts";
export { RayJobs } from "./jobs/ray-jobs.ts";
