export { startGateway } from "./gateway.ts";
export type { Gateway, GatewayOptions } from "./gateway.ts";
export type { ServerOptions } from "./proxy/gateway-server.ts";
export type { SessionOptions } from "./sessions/sessions.ts";
export type { SessionReport } from "./sessions/session-report.ts";

export { openAuthenticator } from "./identity/authenticator.ts";
export type { IdentityOptions } from "./identity/authenticator.ts";
export type { CertificateOptions, CertificateUser } from "./identity/client-certificate.ts";
export { CredentialFileError } from "./identity/credential.ts";
export type { JsonWebTokenOptions } from "./identity/json-web-token.ts";
export type { LimitOptions, UserLimits } from "./identity/limits.ts";
export type { AccessOptions } from "./identity/open-identity.ts";
export type { KeySource } from "./identity/signing-keys.ts";
export type { TlsOptions } from "./identity/tls.ts";
export type { TokenOptions } from "./identity/token-file.ts";
export { GatewayError } from "./grpc/status.ts";
export { openStore } from "./store/open-store.ts";
export type { StoreOptions } from "./store/open-store.ts";
export type { SessionStore } from "./store/session-store.ts";

export { GatewayEvents } from "./events.ts";
export type { GatewayEvent } from "./events.ts";
export { openAdmin } from "./admin/open-admin.ts";
export type { Admin, AdminOptions } from "./admin/open-admin.ts";
export { describeEvent } from "./observe/event-log.ts";
export { Observation } from "./observe/observation.ts";
export type { ObservationOptions } from "./observe/observation.ts";

export type { Driver, DriverOptions } from "./drivers/driver.ts";
export type { DriverState } from "./drivers/driver-state.ts";
export type { CatalogReach } from "./drivers/health.ts";
export type { DriverChange, DriverPool } from "./drivers/pool.ts";
export { RolloutError } from "./drivers/rollout.ts";
export type { RolloutErrorCode, RolloutOptions } from "./drivers/rollout.ts";
export { describeStep } from "./drivers/rollout-step.ts";
export type { RolloutStep } from "./drivers/rollout-step.ts";
export type { UpgradeOptions } from "./drivers/upgrade.ts";
export type { Proof, WatchOptions } from "./drivers/supervise.ts";

export { driverAt } from "./drivers/launcher.ts";
export type { DriverLauncher, LaunchedDriver } from "./drivers/launcher.ts";
export { localProcess } from "./drivers/local-process.ts";
export type { DriverCommand } from "./drivers/local-process.ts";
export { apacheSpark, sail } from "./drivers/local-drivers.ts";
export type { ApacheSparkOptions, PythonHome, SailOptions } from "./drivers/local-drivers.ts";
