import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, test } from "node:test";
import { fromBinary } from "@bufbuild/protobuf";
import { SparkConnectService } from "@duet/spark-connect/wire";
import { answers, driverThat, responsesOf, ROWS } from "../testing/asked-driver.ts";
import { configGet, executeOperation, operationResponse, reattach } from "../testing/messages.ts";
import { DRIVER_SESSION, startGatewayTo } from "../testing/one-driver.ts";
import { RawClient, readAnswer } from "../testing/raw-client.ts";
import { answer } from "../testing/scripted-driver.ts";

const { reattachExecute } = SparkConnectService.method;
const OPERATION = "0a0a0a0a-0000-4000-8000-00000000000a";

describe("an operation whose client takes it up again", () => {
  const wish = { query: "select 1", operationId: OPERATION, reattachable: true };

  test("after its driver was lost meanwhile is executed again, when the client has no rows", async () => {
    await using one = await driverThat(answers(operationResponse("a1")));
    await using two = await driverThat(answers(...ROWS));
    await using gateway = await startGatewayTo(one, { next: [two], resumes: true });
    await using client = new RawClient(gateway.port);
    // Spark ends a stream from time to time, and the client takes it up again.
    assert.equal((await client.call("ExecutePlan", executeOperation(wish))).status, 0);
    assert.equal(gateway.operations(), 1);
    await one[Symbol.asyncDispose]();
    await client.call("Config", configGet("moves"));
    const result = await client.call("ReattachExecute", reattach(OPERATION, "a1"));
    assert.deepEqual([result.status, responsesOf(result)], [0, ["b1:2", "b2"]]);
    assert.deepEqual(
      two.paths.filter((path) => path !== "Config"),
      ["ExecutePlan"],
    );
    assert.equal(gateway.operations(), 0);
  });

  test("on the same driver gets what follows what it has, and not what the gateway was given", async () => {
    let calls = 0;
    await using driver = await driverThat((stream) => {
      calls += 1;
      const frames =
        calls === 1 ? [operationResponse("a1", { rows: 1 }), operationResponse("a2", { rows: 1 })] : ROWS;
      answer(stream, frames);
    });
    await using gateway = await startGatewayTo(driver, { resumes: true });
    await using client = new RawClient(gateway.port);
    await client.call("ExecutePlan", executeOperation(wish));
    const result = await client.call("ReattachExecute", reattach(OPERATION, "a1"));
    assert.equal(result.status, 0);
    assert.deepEqual(driver.paths, ["ExecutePlan", "ReattachExecute"]);
    const taken = fromBinary(reattachExecute.input, driver.requests[1] ?? Buffer.alloc(0));
    assert.deepEqual([taken.sessionId, taken.lastResponseId], [DRIVER_SESSION, "a1"]);
  });

  test("is told that it is lost, when it has rows and the driver was lost", async () => {
    await using one = await driverThat(answers(operationResponse("a1", { rows: 1 })));
    await using two = await driverThat(answers(...ROWS));
    await using gateway = await startGatewayTo(one, { next: [two], resumes: true });
    await using client = new RawClient(gateway.port);
    await client.call("ExecutePlan", executeOperation(wish));
    await one[Symbol.asyncDispose]();
    await client.call("Config", configGet("moves"));
    const result = await client.call("ReattachExecute", reattach(OPERATION, "a1"));
    assert.match(result.message, /operation-lost/u);
    assert.ok(!two.paths.includes("ExecutePlan"));
  });

  test("is told to send it again, when nobody knows of it and the driver does not repeat", async () => {
    await using driver = await driverThat(answers());
    await using gateway = await startGatewayTo(driver);
    await using client = new RawClient(gateway.port);
    const result = await client.call("ReattachExecute", reattach(OPERATION));
    assert.equal(result.status, 5);
    assert.match(result.message, /INVALID_HANDLE\.OPERATION_NOT_FOUND/u);
    assert.deepEqual(driver.paths, []);
  });

  test("gets the driver's own answer, when only that may know of it", async () => {
    await using driver = await driverThat(answers(...ROWS));
    await using gateway = await startGatewayTo(driver, { resumes: true });
    await using client = new RawClient(gateway.port);
    const result = await client.call("ReattachExecute", reattach(OPERATION, "a1"));
    assert.deepEqual(responsesOf(result), ["b1:2", "b2"]);
  });
});

describe("an operation that two calls have", () => {
  test("goes on with the later one, and the earlier one is told so", async () => {
    await using driver = await driverThat((stream) => {
      if (driver.paths.at(-1) === "ExecutePlan") {
        stream.respond({ ":status": 200, "content-type": "application/grpc" });
        stream.write(operationResponse("a1", { rows: 1 }));
      } else answer(stream, ROWS);
    });
    await using gateway = await startGatewayTo(driver, { resumes: true });
    await using client = new RawClient(gateway.port);
    const body = executeOperation({ query: "select 1", operationId: OPERATION, reattachable: true });
    const first = client.begin("ExecutePlan");
    const told = readAnswer(first);
    first.end(body);
    await once(first, "data");
    assert.match((await client.call("ExecutePlan", body)).message, /OPERATION_ALREADY_EXISTS/u);
    const later = await client.call("ReattachExecute", reattach(OPERATION, "a1"));
    assert.deepEqual([later.status, responsesOf(later)], [0, ["b1:2", "b2"]]);
    const earlier = await told;
    assert.equal(earlier.status, 13);
    assert.match(earlier.message, /INVALID_CURSOR\.DISCONNECTED/u);
    assert.equal(gateway.operations(), 0);
  });
});

describe("what an operation did", () => {
  test("is recorded before its client learns that it is complete", async () => {
    const recording = Promise.withResolvers<undefined>();
    await using driver = await driverThat((stream) => {
      answer(stream, [operationResponse("a1"), operationResponse("a2", { complete: true })]);
    });
    await using gateway = await startGatewayTo(driver, { recording: recording.promise });
    await using client = new RawClient(gateway.port);
    const call = client.begin("ExecutePlan");
    let text = "";
    call.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
    call.end(executeOperation({ query: "create temporary view v as select 1", reattachable: true }));
    while (gateway.recorded.length === 0) await new Promise(setImmediate);
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
    assert.doesNotMatch(text, /a2/u);
    recording.resolve(undefined);
    await once(call, "close");
    assert.match(text, /a1.*a2/su);
  });

  test("is not recorded when it failed", async () => {
    await using driver = await driverThat((stream) => {
      answer(stream, [], { "grpc-status": "13", "grpc-message": "no" });
    });
    await using gateway = await startGatewayTo(driver);
    await using client = new RawClient(gateway.port);
    await client.call("ExecutePlan", executeOperation({ query: "create temporary view v as select 1" }));
    assert.deepEqual(gateway.recorded, []);
  });
});
