import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { constants } from "node:http2";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import {
  executionSuite,
  framesSuite,
  type ServerKind,
  sessionSuite,
  typesSuite,
} from "@duet/spark-connect/testing";
import type { OperationOutcome } from "./events.ts";
import { executeOperation } from "./testing/messages.ts";
import { untilAtRest, untilBusy } from "./testing/process-time.ts";
import { RawClient } from "./testing/raw-client.ts";
import { type StartedGateway, startTestGateway, untilState } from "./testing/started-gateway.ts";
import { driverProcess, PYTHON } from "./testing/test-drivers.ts";

/** Would take days, and lets Sail answer others meanwhile. */
const ENDLESS = "select sum(sqrt(id)) from range(0, 10000000000000, 1, 2)";

type Answers = Readonly<Record<string, unknown>>;

/** What the stock PySpark client gets from this address. */
async function stockClient(url: string, kind: ServerKind): Promise<Answers> {
  const program = join(import.meta.dirname, "testing", "stock_client.py");
  const { stdout } = await promisify(execFile)(PYTHON, [program, url, kind]);
  return JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as Answers;
}

for (const kind of ["sail", "apache"] as const) {
  describe(`clients of ${kind}, through the gateway`, () => {
    let gateway: StartedGateway;
    const server = () => gateway;
    before(async () => {
      gateway = await startTestGateway();
      gateway.pool.add({ id: kind }, await gateway.launcher(kind, kind));
      await untilState(gateway, kind, "ready");
    });
    after(async () => {
      await gateway[Symbol.asyncDispose]();
    });

    test("the stock client gets the same answers, errors and schemas as from the driver itself, also while that is replaced", async () => {
      const [driver] = gateway.pool.drivers;
      const direct = await stockClient(`sc://${driver?.connection?.name ?? ""}`, kind);
      const through = await stockClient(gateway.url, kind);
      assert.deepEqual(through, direct);
      // So that two clients that get nothing do not pass.
      assert.deepEqual(through["from client"], 20_000);
      assert.deepEqual(through.function, ["struct<u:bigint>", ["Row(u=1)", "Row(u=3)", "Row(u=5)"]]);
      assert.equal((through["no table"] as Answers).error, "AnalysisException");
      if (kind === "apache") {
        assert.deepEqual(through.artifact, ["struct<a:int>", ["Row(a=42)"]]);
        assert.deepEqual(through.progress, [true, true]);
        assert.deepEqual(through.cloned, [3, 4, false]);
      }
      const steps: string[] = [];
      const working = new AbortController();
      const restarting = (async () => {
        while (!working.signal.aborted) {
          for await (const { driverId, type } of gateway.pool.restartRolling())
            steps.push(`${driverId} ${type}`);
        }
      })();
      const restarted = await stockClient(gateway.url, kind).finally(() => {
        working.abort();
      });
      await restarting;
      assert.deepEqual(restarted, direct);
      // The only driver's sessions move to a spare one, and back.
      assert.ok(steps.includes(`${kind}.spare stopped`), steps.join(", "));
    });

    test("an operation whose client vanishes is ended on the driver", async () => {
      const [driver] = gateway.pool.drivers;
      const pid = driverProcess(driver?.connection);
      const outcomes: OperationOutcome[] = [];
      const listening = gateway.events.listen((event) => {
        if (event.type === "operation-ended") outcomes.push(event.outcome);
      });
      await untilAtRest(pid);
      await using client = new RawClient(Number(new URL(gateway.url.replace("sc:", "http:")).port));
      const call = client.begin("ExecutePlan");
      call.end(executeOperation({ query: ENDLESS }));
      await untilBusy(pid);
      call.close(constants.NGHTTP2_CANCEL);
      await untilAtRest(pid);
      assert.deepEqual(outcomes, ["interrupted"]);
      listening[Symbol.dispose]();
    });

    // Everything else that our own client must get from a server, it must get through the gateway.
    describe("execution", () => {
      executionSuite(kind, server);
    });
    if (kind === "sail") {
      describe("session", () => {
        sessionSuite(kind, server);
      });
      describe("types", () => {
        typesSuite(server);
      });
      describe("frames", () => {
        framesSuite(server);
      });
    }
  });
}
