export { driverProcess, testLauncher } from "./test-drivers.ts";

/** Programs in Python that act as stock clients; see there for what they are told. */
export { BUSY_CLIENTS, SESSION_CLIENTS } from "./python-clients.ts";
