export { AdminClient, AdminUnreachableError } from "./admin-client.ts";
export type { AdminAddress } from "./admin-client.ts";
export { AdminError } from "./admin-error.ts";
export type { AdminErrorCode } from "./admin-error.ts";
export type { DriverRequest, PoolProgress, RollingRequest } from "./pool-actions.ts";
export type { DriverReport, PoolReport } from "./pool-report.ts";
