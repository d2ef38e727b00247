import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, test } from "node:test";
import { fromBinary } from "@bufbuild/protobuf";
import { SparkConnectService } from "@duet/spark-connect/wire";
import { SESSION, resultBatch } from "../testing/messages.ts";
import { frameMessage } from "./message-reader.ts";
import { ResponseRewriter, type ResponseWatch } from "./response-rewriter.ts";
import { GatewayError } from "./status.ts";

const DRIVER_SESSION = "aaaaaaaa-aaaa-8aaa-8aaa-aaaaaaaaaaaa";
const OLD = "11111111-1111-4111-8111-111111111111";
const NEW = "22222222-2222-4222-8222-222222222222";
const translations = new Map([
  [1, (value: string) => (value === DRIVER_SESSION ? SESSION : value)],
  [15, (value: string) => (value === NEW ? OLD : value)],
]);

const NOTHING_WATCHED: ResponseWatch = {
  lookInto: new Set([2]),
  field: () => undefined,
  inner: () => undefined,
  ended: () => undefined,
};

function rewrite(stream: Buffer, sizes: (left: number) => number): Buffer {
  const rewriter = new ResponseRewriter(translations);
  const parts: Buffer[] = [];
  for (let at = 0; at < stream.length;) {
    const size = Math.max(1, Math.min(sizes(stream.length - at), stream.length - at));
    parts.push(Buffer.from(rewriter.push(Buffer.from(stream.subarray(at, at + size)))));
    at += size;
  }
  assert.equal(rewriter.atBoundary, true);
  return Buffer.concat(parts);
}

describe("ids in a stream of responses", () => {
  const batches = [randomBytes(0), randomBytes(10), randomBytes(3000)];
  const from = Buffer.concat(batches.map((data) => resultBatch(data, DRIVER_SESSION, NEW)));
  const to = Buffer.concat(batches.map((data) => resultBatch(data, SESSION, OLD)));

  for (const size of [1, 2, 3, 5, 7, 20, 36, 41, 100, 1000, 100_000]) {
    test(`are translated and nothing else is touched, in chunks of ${size} bytes`, () => {
      assert.deepEqual(
        rewrite(from, () => size),
        to,
      );
    });
  }

  test("are translated whatever way the stream is cut", () => {
    for (let round = 0; round < 300; round += 1) {
      assert.deepEqual(
        rewrite(from, () => 1 + Math.floor(Math.random() * 60)),
        to,
      );
    }
  });

  test("that are not known pass as they are", () => {
    const other = resultBatch(Buffer.from("x"), OLD, OLD);
    assert.deepEqual(
      rewrite(other, () => 9),
      other,
    );
  });

  test("the result is a message that reads as before", () => {
    const batch = rewrite(from, () => 17);
    const length = batch.readUInt32BE(1);
    const { output } = SparkConnectService.method.executePlan;
    const first = fromBinary(output, batch.subarray(5, 5 + length));
    assert.equal(first.sessionId, SESSION);
    assert.equal(first.serverSideSessionId, OLD);
  });

  test("and the fields that are looked into are told, however the stream is cut", () => {
    const stream = Buffer.concat([from, frameMessage(Buffer.alloc(0))]);
    for (const size of [1, 4, 50, 10_000]) {
      const told: string[] = [];
      const watch: ResponseWatch = {
        lookInto: new Set([2]),
        field: (number) => told.push(`${number}`),
        inner: (outer, number, value) => told.push(`${outer}.${number}=${value}`),
        ended: () => told.push("end"),
      };
      const rewriter = new ResponseRewriter(translations, watch);
      let passed = 0;
      let whole = 0;
      for (let at = 0; at < stream.length; at += size) {
        const bytes = rewriter.push(Buffer.from(stream.subarray(at, at + size)));
        if (rewriter.whole > 0) whole = passed + rewriter.whole;
        passed += bytes.length;
      }
      const message = (length: number) => [
        "1",
        "2",
        "2.1=1",
        ...(length > 0 ? [`2.2=${length}`] : []),
        "15",
        "end",
      ];
      assert.deepEqual(told, [...message(0), ...message(10), ...message(3000), "end"]);
      assert.deepEqual([passed, whole], [stream.length, stream.length]);
    }
  });

  for (const [what, bytes] of [
    ["a compressed message", Buffer.from([1, 0, 0, 0, 1, 0])],
    ["a group", frameMessage(Buffer.from([0x0b]))],
    ["a field that is longer than its message", frameMessage(Buffer.from([0x12, 0x7f, 0]))],
    [
      "a field that is longer than the message that it is in",
      frameMessage(Buffer.from([0x12, 2, 0x0a, 9, 0, 0, 0])),
    ],
    ["a number that is cut off by the message's end", Buffer.from([0, 0, 0, 0, 1, 0x92, 0x01])],
  ] as const) {
    test(`${what} is refused`, () => {
      assert.throws(
        () => new ResponseRewriter(translations, NOTHING_WATCHED).push(bytes),
        (error) => error instanceof GatewayError && error.code === "driver-response-broken",
      );
    });
  }

  test("a message that is cut off is no end", () => {
    const rewriter = new ResponseRewriter(translations);
    rewriter.push(from.subarray(0, 50));
    assert.equal(rewriter.atBoundary, false);
  });
});
