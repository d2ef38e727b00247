export { driverProcess, testLauncher } from "./test-drivers.ts";

/** Programs in Python that act as stock clients; see there for what they are told. */
export { type PostgresServer, startPostgres } from "./postgres-server.ts";
export { BUSY_CLIENTS, SESSION_CLIENTS } from "./python-clients.ts";

export { createAuthority, LOCAL_NAMES } from "./certificates.ts";
export type { CertificateFiles, CertificateRequest, TestAuthority } from "./certificates.ts";
