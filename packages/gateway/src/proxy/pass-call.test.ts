import assert from "node:assert/strict";

import { describe, test } from "node:test";
import { fromBinary } from "@bufbuild/protobuf";
import { SparkConnectService } from "@duet/spark-connect/wire";
import { answers, breaksAfter, driverThat } from "../testing/asked-driver.ts";
import { configGet, executeOperation, operationResponse, releaseUntil } from "../testing/messages.ts";
import { SERVER_SESSION, startGatewayTo } from "../testing/one-driver.ts";
import { RawClient } from "../testing/raw-client.ts";

const { executePlan, releaseExecute } = SparkConnectService.method;
const OPERATION = "0a0a0a0a-0000-4000-8000-00000000000a";

describe("calls that are no operations", () => {
  test("that release responses of a driver that was lost are answered by the gateway", async () => {
    await using one = await driverThat(breaksAfter(operationResponse("a1")));
    await using two = await driverThat((stream) => {
      stream.respond({ ":status": 200, "content-type": "application/grpc" });
      stream.write(operationResponse("b1", { rows: 1 }));
    });
    await using gateway = await startGatewayTo(one, { next: [two] });
    await using client = new RawClient(gateway.port);
    const call = client.begin("ExecutePlan");
    call.end(executeOperation({ query: "select 1", operationId: OPERATION, reattachable: true }));
    while (two.paths.length === 0) await new Promise(setImmediate);
    const result = await client.call("ReleaseExecute", releaseUntil(OPERATION, "a1"));
    assert.equal(result.status, 0);
    const { operationId } = fromBinary(releaseExecute.output, result.body.subarray(5));
    assert.equal(operationId, OPERATION);
    call.close(8);
  });

  test("end a session whose driver is lost all the same", async () => {
    await using one = await driverThat(breaksAfter());
    await using gateway = await startGatewayTo(one, { next: [] });
    await using client = new RawClient(gateway.port);
    assert.equal((await client.call("ReleaseSession", configGet("a"))).status, 0);
    assert.deepEqual(gateway.recorded, ["end"]);
  });

  test("of a client that has seen another session are refused, and told by which request", async () => {
    await using driver = await driverThat(answers());
    await using gateway = await startGatewayTo(driver);
    await using client = new RawClient(gateway.port);
    const body = executeOperation({ query: "select 1", observed: OPERATION });
    const result = await client.call("ExecutePlan", body, { "x-request-id": "r-7" });
    assert.match(result.message, /INVALID_HANDLE\.SESSION_CHANGED/u);
    assert.equal(result.headers["x-request-id"], "r-7");
    assert.deepEqual(driver.paths, []);
    const same = executeOperation({ query: "select 1", observed: SERVER_SESSION });
    assert.equal((await client.call("ExecutePlan", same)).status, 0);
    const sent = fromBinary(executePlan.input, driver.requests[0] ?? Buffer.alloc(0));
    assert.equal(sent.clientObservedServerSideSessionId, undefined);
  });

  test("are made again on the next driver", async () => {
    await using one = await driverThat(breaksAfter());
    await using two = await driverThat(answers());
    await using gateway = await startGatewayTo(one, { next: [two] });
    await using client = new RawClient(gateway.port);
    assert.equal((await client.call("Config", configGet("a"))).status, 0);
    assert.deepEqual([one.paths, two.paths], [["Config"], ["Config"]]);
  });

  test("are told that the driver is lost, when they cannot be made twice", async () => {
    await using one = await driverThat(breaksAfter());
    await using two = await driverThat(answers());
    await using gateway = await startGatewayTo(one, { next: [two] });
    await using client = new RawClient(gateway.port);
    const result = await client.call("CloneSession", configGet("a"));
    assert.match(result.message, /driver-lost/u);
    assert.deepEqual(two.paths, []);
  });
});
