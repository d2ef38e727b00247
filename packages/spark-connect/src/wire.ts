/**
 * Spark Connect's messages as they are on the wire, for packages that pass them on instead of using the client; apart
 * from `index.ts` so that these need not load Arrow.
 */
export { InterruptRequest_InterruptType, SparkConnectService } from "./generated/spark/connect/base_pb.js";
export { ErrorInfoSchema } from "./generated/google/rpc/error_details_pb.js";
export { StatusSchema } from "./generated/google/rpc/status_pb.js";
