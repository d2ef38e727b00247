/** The suites that a server of Spark Connect must pass, for packages that offer one themselves. */
export { executionSuite } from "./execution-suite.ts";
export { framesSuite } from "./frames-suite.ts";
export { sessionSuite } from "./session-suite.ts";
export type { ServerKind, ServerUnderTest } from "./spark-server.ts";
export { typesSuite } from "./types-suite.ts";
