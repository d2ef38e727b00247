import assert from "node:assert/strict";
import type { ServerHttp2Stream } from "node:http2";
import { describe, test } from "node:test";
import { fromBinary } from "@bufbuild/protobuf";
import { SparkConnectService } from "@duet/spark-connect/wire";
import { answers, breaksAfter, driverThat, responsesOf, ROWS, type Serve } from "../testing/asked-driver.ts";
import { executeOperation, interruptOf, operationResponse } from "../testing/messages.ts";
import { DRIVER_SESSION, startGatewayTo, type OneDriverOptions } from "../testing/one-driver.ts";
import { RawClient } from "../testing/raw-client.ts";
import { answer } from "../testing/scripted-driver.ts";

const { executePlan, reattachExecute } = SparkConnectService.method;
const OPERATION = "0a0a0a0a-0000-4000-8000-00000000000a";
const WRITE = "insert into t values (1)";

/** What a client gets whose first driver serves so, and whose second one answers with rows. */
async function failOver(
  first: Serve,
  wish: Parameters<typeof executeOperation>[0],
  options: OneDriverOptions = {},
) {
  await using one = await driverThat(first);
  await using two = await driverThat(answers(...ROWS));
  await using gateway = await startGatewayTo(one, { next: [two], ...options });
  await using client = new RawClient(gateway.port);
  const result = await client.call("ExecutePlan", executeOperation(wish));
  return { result, one, two, gateway };
}

describe("a read", () => {
  for (const [what, serve] of [
    ["before anything came", breaksAfter()],
    ["after a response without rows", breaksAfter(operationResponse("a1"))],
    [
      "within its first rows",
      breaksAfter(operationResponse("a1", { rows: 9, data: "x".repeat(90) }).subarray(0, 60)),
    ],
  ] as const) {
    test(`whose driver is lost ${what} is executed again on the next, each row once`, async () => {
      const { result, one, two, gateway } = await failOver(serve, {
        query: "select 1",
        operationId: OPERATION,
      });
      assert.equal(result.status, 0);
      assert.deepEqual(responsesOf(result).slice(-2), ["b1:2", "b2"]);
      assert.deepEqual([one.paths, two.paths], [["ExecutePlan"], ["ExecutePlan"]]);
      const sent = fromBinary(executePlan.input, two.requests[0] ?? Buffer.alloc(0));
      assert.notEqual(sent.sessionId, DRIVER_SESSION);
      assert.equal(sent.operationId, OPERATION);
      const ended = gateway.events.find(({ type }) => type === "operation-ended");
      assert.ok(ended?.type === "operation-ended");
      assert.deepEqual(
        [ended.outcome, ended.rows, ended.attempts, ended.driverId],
        ["succeeded", 2, 2, "driver-1"],
      );
      assert.equal(gateway.operations(), 0);
    });
  }

  test("whose driver is lost after rows fails, and says what to do", async () => {
    const { result, two } = await failOver(breaksAfter(operationResponse("a1", { rows: 1 })), {
      query: "select 1",
    });
    assert.equal(result.status, 10);
    assert.match(result.message, /was lost.*run it again \(operation-lost\)/u);
    assert.deepEqual(responsesOf(result), ["a1:1"]);
    assert.deepEqual(two.paths, []);
  });

  test("within a message too large to be held back fails, since half of it is with the client", async () => {
    const large = operationResponse("a1", { rows: 9, data: "x".repeat(3_000_000) }).subarray(0, 2_000_000);
    const { result, two } = await failOver(breaksAfter(large), { query: "select 1" });
    assert.equal(result.status, 10);
    assert.deepEqual(two.paths, []);
  });

  test("whose driver cannot be reached goes to the next", async () => {
    const gone = await driverThat(answers());
    await gone[Symbol.asyncDispose]();
    await using two = await driverThat(answers(...ROWS));
    await using gateway = await startGatewayTo(gone, { next: [two] });
    await using client = new RawClient(gateway.port);
    assert.equal((await client.call("ExecutePlan", executeOperation({ query: "select 1" }))).status, 0);
  });

  test("that its client interrupts while its driver is lost is not executed again", async () => {
    await using one = await driverThat(() => undefined);
    await using two = await driverThat(answers(...ROWS));
    await using gateway = await startGatewayTo(one, { next: [two] });
    await using client = new RawClient(gateway.port);
    const body = executeOperation({ query: "select 1", operationId: OPERATION });
    const running = client.call("ExecutePlan", body);
    while (one.requests.length === 0) await new Promise(setImmediate);
    assert.equal((await client.call("Interrupt", interruptOf(OPERATION))).status, 0);
    one.cut();
    const result = await running;
    assert.equal(result.status, 1);
    assert.match(result.message, /OPERATION_CANCELED.*operation-interrupted/u);
    assert.deepEqual(two.paths, []);
  });

  test("that ends without a word, since its client has interrupted it, is told to be cancelled", async () => {
    const held: ServerHttp2Stream[] = [];
    await using driver = await driverThat((stream) => {
      held.push(stream);
    });
    await using gateway = await startGatewayTo(driver);
    await using client = new RawClient(gateway.port);
    const body = executeOperation({ query: "select 1", operationId: OPERATION, reattachable: true });
    const running = client.call("ExecutePlan", body);
    while (held.length === 0) await new Promise(setImmediate);
    assert.equal((await client.call("Interrupt", interruptOf(OPERATION))).status, 0);
    for (const stream of held) answer(stream, [operationResponse("a1")]);
    const result = await running;
    assert.equal(result.status, 1);
    assert.match(result.message, /OPERATION_CANCELED.*operation-interrupted/u);
    const ended = gateway.events.find(({ type }) => type === "operation-ended");
    assert.ok(ended?.type === "operation-ended");
    assert.equal(ended.outcome, "interrupted");
    assert.equal(gateway.operations(), 0);
  });

  test("that costs one driver after the other is given up", async () => {
    const drivers = await Promise.all(Array.from({ length: 6 }, () => driverThat(breaksAfter())));
    const [first, ...next] = drivers;
    assert.ok(first !== undefined);
    await using gateway = await startGatewayTo(first, { next });
    await using client = new RawClient(gateway.port);
    const result = await client.call("ExecutePlan", executeOperation({ query: "select 1" }));
    assert.match(result.message, /operation-lost/u);
    assert.equal(drivers.filter(({ paths }) => paths.length > 0).length, 3);
    for (const driver of drivers) await driver[Symbol.asyncDispose]();
  });
});

describe("a change of the session", () => {
  test("is made again on the next driver, and recorded once, before the client is told", async () => {
    const query = "create or replace temporary view v as select 1";
    const { result, gateway } = await failOver(breaksAfter(), { query });
    assert.equal(result.status, 0);
    assert.deepEqual(gateway.recorded, ["view:v"]);
  });
});

describe("a write", () => {
  test("whose driver is lost is not executed again, and its outcome is told to be unknown", async () => {
    const { result, one, two, gateway } = await failOver(breaksAfter(), {
      query: WRITE,
      operationId: OPERATION,
    });
    assert.equal(result.status, 10);
    assert.match(result.message, /not executed again.*write-outcome-unknown/u);
    assert.deepEqual([one.paths, two.paths], [["ExecutePlan"], []]);
    assert.equal(gateway.ledger.get(OPERATION), "unknown");
    const ended = gateway.events.find(({ type }) => type === "operation-ended");
    assert.equal(ended?.type === "operation-ended" && ended.outcome, "unknown");
  });

  test("that its client sends once more with the same id, as Go's does after an error, is not executed", async () => {
    await using one = await driverThat(breaksAfter());
    await using two = await driverThat(answers(...ROWS));
    await using gateway = await startGatewayTo(one, { next: [two] });
    await using client = new RawClient(gateway.port);
    const write = executeOperation({ query: WRITE, operationId: OPERATION });
    for (let sent = 1; sent <= 2; sent += 1) {
      assert.match((await client.call("ExecutePlan", write)).message, /write-outcome-unknown/u);
    }
    assert.deepEqual([one.paths, two.paths], [["ExecutePlan"], []]);
  });

  test("that never reached its driver is sent to the next", async () => {
    const gone = await driverThat(answers());
    await gone[Symbol.asyncDispose]();
    await using two = await driverThat(answers(...ROWS));
    await using gateway = await startGatewayTo(gone, { next: [two] });
    await using client = new RawClient(gateway.port);
    const body = executeOperation({ query: WRITE, operationId: OPERATION });
    assert.equal((await client.call("ExecutePlan", body)).status, 0);
    assert.equal(gateway.ledger.get(OPERATION), "succeeded");
    const again = await client.call("ExecutePlan", body);
    assert.match(again.message, /OPERATION_ALREADY_EXISTS.*succeeded/u);
    assert.equal(two.requests.length, 1);
  });

  test("that its driver refuses has failed", async () => {
    await using driver = await driverThat((stream) => {
      answer(stream, [], { "grpc-status": "13", "grpc-message": "no such table" });
    });
    await using gateway = await startGatewayTo(driver);
    await using client = new RawClient(gateway.port);
    const result = await client.call(
      "ExecutePlan",
      executeOperation({ query: WRITE, operationId: OPERATION }),
    );
    assert.deepEqual([result.status, result.message], [13, "no such table"]);
    assert.equal(gateway.ledger.get(OPERATION), "failed");
  });

  test("whose driver lives and repeats is taken up where its answer broke off", async () => {
    let calls = 0;
    await using driver = await driverThat((stream, cut) => {
      calls += 1;
      if (calls === 1) breaksAfter(operationResponse("a1"))(stream, cut);
      else answer(stream, [operationResponse("a2", { complete: true })]);
    });
    await using gateway = await startGatewayTo(driver, { resumes: true });
    await using client = new RawClient(gateway.port);
    const body = executeOperation({ query: WRITE, operationId: OPERATION, reattachable: true });
    const result = await client.call("ExecutePlan", body);
    assert.equal(result.status, 0);
    assert.deepEqual(driver.paths, ["ExecutePlan", "ReattachExecute"]);
    const taken = fromBinary(reattachExecute.input, driver.requests[1] ?? Buffer.alloc(0));
    assert.deepEqual([taken.operationId, taken.lastResponseId], [OPERATION, "a1"]);
    assert.deepEqual(responsesOf(result), ["a1:0", "a2"]);
    assert.equal(gateway.ledger.get(OPERATION), "succeeded");
  });
});

describe("a result that is larger than its user may have", () => {
  test("is broken off, and the operation interrupted", async () => {
    await using driver = await driverThat((stream) => {
      stream.respond({ ":status": 200, "content-type": "application/grpc" });
      stream.write(operationResponse("a1", { rows: 1, data: "x".repeat(5_000) }));
    });
    await using gateway = await startGatewayTo(driver, { largestResult: 1_000 });
    await using client = new RawClient(gateway.port);
    const result = await client.call("ExecutePlan", executeOperation({ query: "select 1" }));
    assert.equal(result.status, 8);
    assert.match(result.message, /1000 bytes.*result-too-large/u);
    assert.ok(driver.interrupts.length > 0);
  });
});
