export { connectRay, type BridgeAddress } from "./connect-ray.ts";
export { type JsonValue } from "./json-value.ts";
export { ObjectRef } from "./object-ref.ts";
export { type RayClient, type RayCluster, type RayNode } from "./ray-client.ts";
export { RayError, type ErrorDescription } from "./ray-error.ts";
export { type RayEvent, type RayLogEvent, type RayTaskEvent, type RayTaskState } from "./ray-event.ts";
export { startBridge, type BridgeProcess, type StartBridgeOptions } from "./start-bridge.ts";
export { type FunctionReference, type RayTask, type TaskOptions, type TaskRequest } from "./task-request.ts";
export { type ServedFunction } from "./serve-function.ts";
