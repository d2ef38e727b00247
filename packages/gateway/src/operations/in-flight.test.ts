import assert from "node:assert/strict";
import { once } from "node:events";
import type { ServerHttp2Stream } from "node:http2";
import { describe, test } from "node:test";
import { fromBinary } from "@bufbuild/protobuf";
import { SparkConnectService } from "@duet/spark-connect/wire";
import { readMessages } from "../grpc/message-reader.ts";
import {
  configGet,
  executeOperation,
  interruptOf,
  operationResponse,
  reattach,
  releaseUntil,
} from "../testing/messages.ts";
import {
  DRIVER_SESSION,
  SERVER_SESSION,
  startGatewayTo,
  type OneDriverOptions,
} from "../testing/one-driver.ts";
import { RawClient, readAnswer, type RawAnswer } from "../testing/raw-client.ts";
import { answer, startScriptedDriver, type ScriptedDriver } from "../testing/scripted-driver.ts";

const { executePlan, reattachExecute, releaseExecute } = SparkConnectService.method;
const OPERATION = "0a0a0a0a-0000-4000-8000-00000000000a";
const WRITE = "insert into t values (1)";

type Serve = (stream: ServerHttp2Stream, cut: () => void) => void;

/** A driver that serves so, and remembers what it was asked. */
interface Asked extends ScriptedDriver {
  readonly paths: string[];
  readonly requests: Buffer[];
}

async function driverThat(serve: Serve): Promise<Asked> {
  const paths: string[] = [];
  const requests: Buffer[] = [];
  const driver: ScriptedDriver = await startScriptedDriver((stream, headers) => {
    const path = headers[":path"] ?? "";
    paths.push(path.slice(path.lastIndexOf("/") + 1));
    void Array.fromAsync(readMessages(stream, { largest: 2 ** 28, encoding: undefined })).then((messages) => {
      requests.push(...messages);
      serve(stream, () => {
        driver.cut();
      });
    });
  });
  return { ...driver, paths, requests };
}

/** Sends these responses and then breaks the connection. */
function breaksAfter(...frames: readonly Buffer[]): Serve {
  return (stream, cut) => {
    if (frames.length === 0) {
      cut();
      return;
    }
    stream.respond({ ":status": 200, "content-type": "application/grpc" });
    stream.write(Buffer.concat(frames), () => setImmediate(cut));
  };
}

const answers =
  (...frames: readonly Buffer[]): Serve =>
  (stream) => {
    answer(stream, frames);
  };

const ROWS = [operationResponse("b1", { rows: 2, data: "two" }), operationResponse("b2", { complete: true })];

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

/** The responses in an answer: their ids and rows. */
function responsesOf({ body }: RawAnswer) {
  const messages: Buffer[] = [];
  for (let at = 0; at < body.length;) {
    const length = body.readUInt32BE(at + 1);
    messages.push(body.subarray(at + 5, at + 5 + length));
    at += 5 + length;
  }
  return messages.map((message) => {
    const { responseId, serverSideSessionId, responseType } = fromBinary(executePlan.output, message);
    assert.equal(serverSideSessionId, SERVER_SESSION);
    return responseType.case === "arrowBatch" ? `${responseId}:${responseType.value.rowCount}` : responseId;
  });
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
