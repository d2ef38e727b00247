import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { SparkConnectService } from "@duet/spark-connect/wire";
import fc from "fast-check";
import { BrokenMessageError, fields, replaceFields } from "./fields.ts";
import { METHODS } from "./methods.ts";

const { input } = SparkConnectService.method.executePlan;

describe("fields of a message", () => {
  test("replaced, added and left out, whatever else the message holds", () => {
    fc.assert(
      fc.property(
        fc.record({
          sessionId: fc.string(),
          operationId: fc.string(),
          tags: fc.array(fc.string()),
          clientObservedServerSideSessionId: fc.string(),
        }),
        fc.string({ minLength: 1 }),
        (values, replacement) => {
          const message = Buffer.from(toBinary(input, create(input, values)));
          const changed = replaceFields(
            message,
            new Map([
              [1, Buffer.from(replacement)],
              [8, undefined],
            ]),
          );
          const read = fromBinary(input, changed);
          assert.equal(read.sessionId, Buffer.from(replacement).toString());
          assert.equal(read.clientObservedServerSideSessionId, undefined);
          assert.equal(read.operationId, Buffer.from(values.operationId).toString());
          assert.deepEqual(
            read.tags,
            values.tags.map((tag) => Buffer.from(tag).toString()),
          );
        },
      ),
    );
  });

  test("bytes that are no message are refused or read, and never hold anything up", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          const read = [...fields(Buffer.from(bytes))];
          assert.equal(read.at(-1)?.end ?? 0, bytes.length);
        } catch (error) {
          assert.ok(error instanceof BrokenMessageError);
        }
      }),
    );
  });
});

test("every method of Spark Connect is known, with the session at the same place of its request", () => {
  assert.ok(METHODS.size >= 11);
  for (const { request, name } of METHODS.values()) {
    assert.deepEqual([request.sessionId, request.userContext], [1, 2], name);
  }
  assert.equal(METHODS.get("/spark.connect.SparkConnectService/ExecutePlan")?.response.serverSessionId, 15);
});
