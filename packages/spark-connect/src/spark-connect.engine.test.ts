import { after, before, describe } from "node:test";
import { framesSuite } from "./testing/frames-suite.ts";
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
    describe("frames", () => {
      framesSuite(server);
    });
  });
}
