import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import type { ServerHttp2Stream } from "node:http2";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { ErrorInfoSchema, SparkConnectService, StatusSchema } from "@duet/spark-connect/wire";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { readMessages } from "../grpc/message-reader.ts";
import { artifactChunk, configGet, executeSql, resultBatch, SESSION } from "../testing/messages.ts";
import { DRIVER_SESSION, SERVER_SESSION, startGatewayTo } from "../testing/one-driver.ts";
import { RawClient, readAnswer } from "../testing/raw-client.ts";
import { answer, startScriptedDriver } from "../testing/scripted-driver.ts";

/** As the driver says it. */
const DRIVER_SIDE = "5eae5e5e-0000-4000-8000-000000000001";
const { executePlan, addArtifacts } = SparkConnectService.method;

/** The messages of a call as the driver gets them. */
async function received(stream: ServerHttp2Stream): Promise<Buffer[]> {
  return Array.fromAsync(readMessages(stream, { largest: 2 ** 28, encoding: undefined }));
}

describe("what passes through", () => {
  test("messages, metadata, status and details arrive exactly; only the session's id is changed", async () => {
    const details = Buffer.from(
      toBinary(StatusSchema, create(StatusSchema, { code: 13, message: "déjà vu" })),
    ).toString("base64");
    const requests: Buffer[] = [];
    await using driver = await startScriptedDriver((stream, headers) => {
      void received(stream).then((messages) => {
        requests.push(...messages);
        assert.equal(headers.authorization, undefined);
        assert.equal(headers["x-request-id"], "r-1");
        assert.equal(headers["x-other"], "o");
        assert.equal(headers["grpc-accept-encoding"], undefined);
        answer(stream, [resultBatch(Buffer.from("batch"), DRIVER_SESSION, DRIVER_SIDE)], {
          "grpc-status": "13",
          "grpc-message": "d%C3%A9j%C3%A0 vu",
          "grpc-status-details-bin": details,
          "x-own": "1",
        });
      });
    });
    await using gateway = await startGatewayTo(driver);
    await using client = new RawClient(gateway.port);
    const result = await client.call("ExecutePlan", executeSql("select 1"), {
      authorization: "Bearer t",
      "x-request-id": "r-1",
      "x-other": "o",
      "grpc-accept-encoding": "gzip",
    });
    const [request = Buffer.alloc(0)] = requests;
    const plan = fromBinary(executePlan.input, request);
    assert.equal(plan.sessionId, DRIVER_SESSION);
    assert.equal(plan.userContext?.userId, "ada");
    assert.equal(plan.plan?.opType.case, "root");
    assert.deepEqual(result.body, resultBatch(Buffer.from("batch"), SESSION, SERVER_SESSION));
    assert.equal(result.status, 13);
    assert.equal(result.trailers["grpc-message"], "d%C3%A9j%C3%A0 vu");
    assert.equal(result.trailers["grpc-status-details-bin"], details);
    assert.equal(result.trailers["x-own"], "1");
    assert.equal(gateway.running(), 0);
  });

  test("an error without an answer (Trailers-Only)", async () => {
    await using driver = await startScriptedDriver((stream) => {
      stream.respond(
        { ":status": 200, "content-type": "application/grpc", "grpc-status": "3", "grpc-message": "no" },
        { endStream: true },
      );
    });
    await using gateway = await startGatewayTo(driver);
    await using client = new RawClient(gateway.port);
    const result = await client.call("Config", configGet("a"));
    assert.deepEqual([result.status, result.message, result.body.length], [3, "no", 0]);
  });

  test("a stream of requests, each with the driver's session", async () => {
    const chunks = [randomBytes(10), randomBytes(300_000), randomBytes(0)];
    await using driver = await startScriptedDriver((stream) => {
      void received(stream).then((messages) => {
        const read = messages.map((message) => fromBinary(addArtifacts.input, message));
        assert.deepEqual(new Set(read.map(({ sessionId }) => sessionId)), new Set([DRIVER_SESSION]));
        const data = read.map(({ payload }) =>
          payload.case === "batch" ? Buffer.from(payload.value.artifacts[0]?.data?.data ?? []) : undefined,
        );
        assert.deepEqual(data, chunks);
        answer(stream, []);
      });
    });
    await using gateway = await startGatewayTo(driver);
    await using client = new RawClient(gateway.port);
    const body = Buffer.concat(chunks.map((chunk) => artifactChunk("a.bin", chunk)));
    assert.equal((await client.call("AddArtifacts", body)).status, 0);
  });

  test("a compressed request, not compressed", async () => {
    const plain = executeSql("select 1").subarray(5);
    const zipped = gzipSync(plain);
    const prefix = Buffer.from([1, 0, 0, 0, 0]);
    prefix.writeUInt32BE(zipped.length, 1);
    await using driver = await startScriptedDriver((stream, headers) => {
      void received(stream).then(([message = Buffer.alloc(0)]) => {
        assert.equal(headers["grpc-encoding"], undefined);
        assert.equal(fromBinary(executePlan.input, message).sessionId, DRIVER_SESSION);
        answer(stream, []);
      });
    });
    await using gateway = await startGatewayTo(driver);
    await using client = new RawClient(gateway.port);
    const body = Buffer.concat([prefix, zipped]);
    assert.equal((await client.call("ExecutePlan", body, { "grpc-encoding": "gzip" })).status, 0);
    const unknown = await client.call("ExecutePlan", body, { "grpc-encoding": "snappy" });
    assert.equal(unknown.status, 12);
    assert.match(unknown.message, /encoding-unsupported/u);
  });
});

describe("flow", () => {
  test("a client that does not read holds its own stream back, and nothing else", async () => {
    const frame = resultBatch(randomBytes(64 * 1024), DRIVER_SESSION, DRIVER_SIDE);
    const frames = 1000;
    let sent = 0;
    await using driver = await startScriptedDriver((stream, headers) => {
      if (headers[":path"]?.endsWith("/Config") === true) {
        answer(stream, []);
        return;
      }
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.once("wantTrailers", () => {
        stream.sendTrailers({ "grpc-status": "0" });
      });
      const pump = () => {
        while (sent < frames) {
          sent += 1;
          if (!stream.write(frame)) {
            stream.once("drain", pump);
            return;
          }
        }
        stream.end();
      };
      pump();
    });
    await using gateway = await startGatewayTo(driver);
    await using client = new RawClient(gateway.port);
    const slow = client.begin("ExecutePlan");
    slow.end(executeSql("select 1"));
    await once(slow, "response");
    for (let round = 0; round < 200; round += 1) {
      assert.equal((await client.call("Config", configGet("a"))).status, 0);
    }
    assert.ok(sent * frame.length < 8 * 1024 * 1024, `${sent} of ${frames} messages lie in between`);
    let read = 0;
    slow.on("data", (chunk: Buffer) => (read += chunk.length));
    await once(slow, "close");
    assert.equal(read, frames * frame.length);
    assert.equal(sent, frames);
  });

  test("a client that cancels ends the driver's work", async () => {
    const ended = Promise.withResolvers<number>();
    await using driver = await startScriptedDriver((stream) => {
      stream.respond({ ":status": 200, "content-type": "application/grpc" });
      stream.write(resultBatch(Buffer.from("x"), DRIVER_SESSION, DRIVER_SIDE));
      stream.once("close", () => {
        ended.resolve(stream.rstCode);
      });
    });
    await using gateway = await startGatewayTo(driver);
    await using client = new RawClient(gateway.port);
    const call = client.begin("ExecutePlan");
    call.end(executeSql("select 1"));
    await once(call, "data");
    call.close(8);
    assert.equal(await ended.promise, 8);
  });

  test("a client that has gone without a word is noticed, and its calls end", async () => {
    const ended = Promise.withResolvers<undefined>();
    await using driver = await startScriptedDriver((stream) => {
      stream.respond({ ":status": 200, "content-type": "application/grpc" });
      stream.once("close", () => {
        ended.resolve(undefined);
      });
    });
    await using gateway = await startGatewayTo(driver, { keepAlive: { interval: 50, timeout: 100 } });
    await using client = new RawClient(gateway.port);
    const call = client.begin("ExecutePlan");
    call.end(executeSql("select 1"));
    await once(call, "response");
    // From here on the client's side takes nothing and answers no ping.
    (client.session.socket as unknown as { _handle?: { readStop(): void } })._handle?.readStop();
    await ended.promise;
  });
});

describe("drivers that fail", () => {
  test("one that dies after rows: the operation is lost, and the next call finds the next one", async () => {
    let kill = true;
    await using driver = await startScriptedDriver((stream) => {
      if (!kill) {
        answer(stream, []);
        return;
      }
      kill = false;
      stream.respond({ ":status": 200, "content-type": "application/grpc" });
      stream.write(resultBatch(Buffer.from("x"), DRIVER_SESSION, DRIVER_SIDE), () => {
        driver.cut();
      });
    });
    await using gateway = await startGatewayTo(driver);
    await using client = new RawClient(gateway.port);
    const broken = await client.call("ExecutePlan", executeSql("select 1"));
    assert.equal(broken.status, 10);
    assert.match(broken.message, /connection to the driver.*was lost.*run it again \(operation-lost\)$/u);
    assert.equal((await client.call("ExecutePlan", executeSql("select 1"))).status, 0);
    assert.equal(driver.sessions.length, 2);
  });

  test("one that says GOAWAY: the running call ends well, the next goes to a new connection", async () => {
    const held: ServerHttp2Stream[] = [];
    await using driver = await startScriptedDriver((stream) => {
      if (held.length > 0) answer(stream, []);
      else held.push(stream);
      driver.sessions[0]?.goaway(0);
    });
    await using gateway = await startGatewayTo(driver);
    await using client = new RawClient(gateway.port);
    const first = client.call("ExecutePlan", executeSql("select 1"));
    while (held.length === 0) await new Promise(setImmediate);
    while (driver.sessions.length < 2) {
      assert.equal((await client.call("Config", configGet("a"))).status, 0);
    }
    for (const stream of held) answer(stream, []);
    assert.equal((await first).status, 0);
  });

  test("one that is not there, or speaks something else", async () => {
    const free = await startScriptedDriver(() => undefined);
    await free[Symbol.asyncDispose]();
    await using nobody = await startGatewayTo(free);
    await using first = new RawClient(nobody.port);
    const refused = await first.call("Config", configGet("a"));
    assert.equal(refused.status, 14);
    assert.match(refused.message, /ECONNREFUSED.*\(driver-unreachable\)/u);

    await using web = await startScriptedDriver((stream) => {
      stream.respond({ ":status": 404, "content-type": "text/html" });
      stream.end("no");
    });
    await using gateway = await startGatewayTo(web);
    await using second = new RawClient(gateway.port);
    const wrong = await second.call("Config", configGet("a"));
    assert.equal(wrong.status, 14);
    assert.match(wrong.message, /HTTP status 404.*\(driver-response-broken\)/u);
  });

  test("one whose answer is cut off or ends without a status", async () => {
    const frame = resultBatch(Buffer.from("x"), DRIVER_SESSION, DRIVER_SIDE);
    const answers: ((stream: ServerHttp2Stream) => void)[] = [
      (stream) => {
        answer(stream, [frame.subarray(0, 60)]);
      },
      (stream) => {
        stream.respond({ ":status": 200, "content-type": "application/grpc" });
        stream.end(frame);
      },
      (stream) => {
        stream.close(2);
      },
    ];
    let asked = 0;
    await using driver = await startScriptedDriver((stream) => answers[Math.min(asked++, 2)]?.(stream));
    await using gateway = await startGatewayTo(driver);
    await using client = new RawClient(gateway.port);
    const words = [];
    while (asked < answers.length)
      words.push((await client.call("ExecutePlan", executeSql("select 1"))).message);
    assert.match(words[0] ?? "", /not whole/u);
    assert.match(words[1] ?? "", /no status/u);
    assert.match(words[2] ?? "", /INTERNAL_ERROR.*operation-lost/u);
    assert.equal(asked, 5, "a read that fails before its first row is made again, and not forever");
  });
});

describe("clients that misbehave get a status, and nothing else is disturbed", async () => {
  const driver = await startScriptedDriver((stream) => {
    answer(stream, []);
  });
  const gateway = await startGatewayTo(driver, { largestRequest: 1_000_000 });
  const client = new RawClient(gateway.port);

  const cases = [
    ["a message of 1 GB", Buffer.from([0, 0x40, 0, 0, 0, 1, 2, 3]), 8, /1073741824.*message-too-large/u],
    ["a frame that is none", Buffer.from("GET / HTTP/1.1"), 3, /message-broken/u],
    ["no protobuf", Buffer.from([0, 0, 0, 0, 2, 0xff, 0xff]), 3, /message-broken/u],
    ["half a message", executeSql("select 1").subarray(0, 30), 3, /ended within.*message-broken/u],
    ["no message at all", Buffer.alloc(0), 3, /message-missing/u],
    ["a session id that is no UUID", executeSql("x", "me"), 3, /^\[INVALID_HANDLE\.FORMAT\].*"me"/u],
  ] as const;
  for (const [what, body, status, words] of cases) {
    test(what, async () => {
      const running = client.begin("ExecutePlan");
      const result = await client.call("ExecutePlan", body);
      assert.equal(result.status, status);
      assert.match(result.message, words);
      const details = fromBinary(
        StatusSchema,
        Buffer.from(String(result.headers["grpc-status-details-bin"]), "base64"),
      );
      assert.equal(details.code, status);
      const [info] = details.details;
      const told = info && anyUnpack(info, ErrorInfoSchema);
      assert.equal(told?.domain, "duet.gateway");
      assert.equal(told.metadata.classes, '["org.apache.spark.SparkException"]');
      running.end(executeSql("select 1"));
      assert.equal((await readAnswer(running)).status, 0);
    });
  }

  test("a method that is not there", async () => {
    const result = await client.call("DropEverything", configGet("a"));
    assert.equal(result.status, 12);
  });

  test("no gRPC", async () => {
    assert.equal(
      (await client.call("Config", configGet("a"), { "content-type": "application/json" })).httpStatus,
      415,
    );
    assert.equal((await client.call("Config", Buffer.alloc(0), { ":method": "PUT" })).httpStatus, 405);
  });

  test("no HTTP/2", async () => {
    const socket = connect(gateway.port, "127.0.0.1");
    socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    let text = "";
    socket.setEncoding("utf8").on("data", (part: string) => (text += part));
    await once(socket, "close");
    assert.match(text, /^HTTP\/1\.1 400 .*Spark Connect client/su);
  });

  test("broken HTTP/2", async () => {
    const socket = connect(gateway.port, "127.0.0.1");
    socket.on("error", () => undefined);
    socket.write(Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), randomBytes(400)]));
    socket.resume();
    await once(socket, "close");
    assert.equal((await client.call("Config", configGet("a"))).status, 0);
  });

  test("none of them is left behind", async () => {
    await client[Symbol.asyncDispose]();
    while (gateway.running() > 0) await new Promise(setImmediate);
    await gateway[Symbol.asyncDispose]();
    await driver[Symbol.asyncDispose]();
  });
});
