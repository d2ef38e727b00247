import assert from "node:assert/strict";
import { once } from "node:events";
import type { ServerHttp2Stream } from "node:http2";
import { describe, test } from "node:test";
import { fromBinary } from "@bufbuild/protobuf";
import { SparkConnectService } from "@duet/spark-connect/wire";
import { executeOperation, operationResponse, reattach, releaseAll } from "../testing/messages.ts";
import { DRIVER_SESSION, startGatewayTo } from "../testing/one-driver.ts";
import { RawClient } from "../testing/raw-client.ts";
import { answer, startScriptedDriver } from "../testing/scripted-driver.ts";

const { interrupt } = SparkConnectService.method;
const OPERATION = "0a0a0a0a-0000-4000-8000-00000000000a";

/** Longer than any test waits. */
const LONG = 600_000;

/** A driver that answers the first call with these, and leaves it open; other calls end well. */
function openDriver(frames: readonly Buffer[], streams: ServerHttp2Stream[] = []) {
  return startScriptedDriver((stream) => {
    streams.push(stream);
    if (streams.length > 1) {
      answer(stream, [operationResponse("b9", { complete: true })]);
      return;
    }
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    for (const frame of frames) stream.write(frame);
  });
}

/** Resolves when it is so. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Begins an operation and breaks it off once something of it has come. */
async function beginAndLeave(client: RawClient, body: Buffer): Promise<void> {
  const call = client.begin("ExecutePlan");
  call.end(body);
  await once(call, "data");
  call.close(8);
}

describe("an operation whose client goes", () => {
  test("is interrupted at once when it cannot be taken up again", async () => {
    await using driver = await openDriver([operationResponse("a1", { rows: 1 })]);
    await using gateway = await startGatewayTo(driver, { grace: LONG });
    await using client = new RawClient(gateway.port);
    await beginAndLeave(client, executeOperation({ query: "select 1", operationId: OPERATION }));
    await until(() => gateway.operations() === 0);
    const [request] = driver.interrupts;
    assert.ok(request !== undefined);
    const { sessionId, userContext, interrupt: target } = fromBinary(interrupt.input, request);
    assert.deepEqual([sessionId, userContext?.userId, target.value], [DRIVER_SESSION, "ada", OPERATION]);
    assert.equal(gateway.running(), 0);
    const ended = gateway.events.find(({ type }) => type === "operation-ended");
    assert.equal(ended?.type === "operation-ended" && ended.outcome, "interrupted");
  });

  test("is given an id by which it can be interrupted, when the client gave none", async () => {
    await using driver = await openDriver([operationResponse("a1", { rows: 1 })]);
    await using gateway = await startGatewayTo(driver);
    await using client = new RawClient(gateway.port);
    await beginAndLeave(client, executeOperation({ query: "select 1" }));
    await until(() => driver.interrupts.length > 0);
    const { interrupt: target } = fromBinary(interrupt.input, driver.interrupts[0] ?? Buffer.alloc(0));
    assert.match(String(target.value), /^[0-9a-f-]{36}$/u);
  });

  test("is waited for when it can be taken up, and goes on with the client that comes back", async () => {
    await using driver = await openDriver([operationResponse("a1", { rows: 1 })]);
    await using gateway = await startGatewayTo(driver, { grace: LONG, resumes: true });
    await using client = new RawClient(gateway.port);
    const body = executeOperation({ query: "select 1", operationId: OPERATION, reattachable: true });
    await beginAndLeave(client, body);
    await until(() => gateway.events.some(({ type }) => type === "call-ended"));
    assert.deepEqual([gateway.operations(), gateway.running()], [1, 1], "its session stays where it is");
    assert.equal((await client.call("ReattachExecute", reattach(OPERATION, "a1"))).status, 0);
    assert.deepEqual([gateway.operations(), gateway.running(), driver.interrupts.length], [0, 0, 0]);
  });

  test("is interrupted when nobody comes back in time", async () => {
    await using driver = await openDriver([operationResponse("a1", { rows: 1 })]);
    await using gateway = await startGatewayTo(driver, { grace: 10, resumes: true });
    await using client = new RawClient(gateway.port);
    await beginAndLeave(client, executeOperation({ query: "select 1", reattachable: true }));
    await until(() => gateway.operations() === 0);
    assert.ok(driver.interrupts.length > 0);
    assert.equal(gateway.running(), 0);
  });

  test("is interrupted when the client has released it", async () => {
    await using driver = await openDriver([operationResponse("a1", { rows: 1 })]);
    await using gateway = await startGatewayTo(driver, { grace: LONG, resumes: true });
    await using client = new RawClient(gateway.port);
    const body = executeOperation({ query: "select 1", operationId: OPERATION, reattachable: true });
    await beginAndLeave(client, body);
    await until(() => gateway.events.some(({ type }) => type === "call-ended"));
    assert.equal((await client.call("ReleaseExecute", releaseAll(OPERATION))).status, 0);
    await until(() => gateway.operations() === 0);
    assert.ok(driver.interrupts.length > 0);
  });

  test("is known to have succeeded, when it is a write that ends meanwhile", async () => {
    const streams: ServerHttp2Stream[] = [];
    await using driver = await openDriver([operationResponse("a1")], streams);
    await using gateway = await startGatewayTo(driver, { grace: LONG });
    await using client = new RawClient(gateway.port);
    const query = "insert into t values (1)";
    await beginAndLeave(client, executeOperation({ query, operationId: OPERATION, reattachable: true }));
    await until(() => gateway.events.some(({ type }) => type === "call-ended"));
    assert.equal(gateway.ledger.get(OPERATION), "sent");
    const [stream] = streams;
    stream?.once("wantTrailers", () => {
      stream.sendTrailers({ "grpc-status": "0" });
    });
    stream?.end(operationResponse("a2", { complete: true }));
    await until(() => gateway.ledger.get(OPERATION) === "succeeded");
    assert.equal(driver.interrupts.length, 0);
  });

  test("does not wait with what it holds for a driver that was lost", async () => {
    await using driver = await openDriver([operationResponse("a1", { rows: 1 })]);
    await using gateway = await startGatewayTo(driver, { grace: LONG });
    await using client = new RawClient(gateway.port);
    const query = "insert into t values (1)";
    const call = client.begin("ExecutePlan");
    call.end(executeOperation({ query, operationId: OPERATION }));
    await once(call, "data");
    driver.cut();
    call.close(8);
    await until(() => gateway.operations() === 0);
    assert.equal(gateway.ledger.get(OPERATION), "unknown");
  });
});
