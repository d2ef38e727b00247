import { after, before, describe } from "node:test";
import { errorsSuite } from "./testing/errors-suite.ts";
import { executionSuite, lostServerTest } from "./testing/execution-suite.ts";
import { framesSuite } from "./testing/frames-suite.ts";
import { sessionSuite } from "./testing/session-suite.ts";
import { startSparkServer } from "./testing/spark-server.ts";
import type { ServerKind, SparkServer } from "./testing/spark-server.ts";
import { typesSuite } from "./testing/types-suite.ts";

const KINDS: readonly ServerKind[] = ["sail", "apache"];

for (const kind of KINDS) {
  describe(kind, () => {
    let started: SparkServer;
    const server = () => started;
    before(async () => {
      started = await startSparkServer(kind);
    });
    after(async () => {
      await started[Symbol.asyncDispose]();
    });

    describe("types", () => {
      typesSuite(server);
    });
    describe("errors", () => {
      errorsSuite(kind, server);
    });
    describe("session", () => {
      sessionSuite(kind, server);
    });
    describe("execution", () => {
      executionSuite(kind, server);
    });
    describe("frames", () => {
      framesSuite(server);
    });
  });
}

lostServerTest("sail");
