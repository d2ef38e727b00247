import assert from "node:assert/strict";
import { test } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { RetryInfoSchema } from "./generated/google/rpc/error_details_pb.js";
import { DEFAULT_RETRY_POLICY, isConnectionFailure, isRetryable, retryDelay, withRetries } from "./retry.ts";

function askedToWait(seconds: number): ConnectError {
  const error = new ConnectError("busy", Code.ResourceExhausted);
  const info = create(RetryInfoSchema, { retryDelay: { seconds: BigInt(seconds), nanos: 0 } });
  error.details = [{ type: "google.rpc.RetryInfo", value: toBinary(RetryInfoSchema, info) }];
  return error;
}

const UNAVAILABLE = new ConnectError("gone", Code.Unavailable);
const QUICK = { ...DEFAULT_RETRY_POLICY, maxRetries: 3, initialBackoff: 1, maxBackoff: 2 };

test("waits grow fourfold up to a minute, with jitter from two seconds on", () => {
  const delays = [0, 1, 2, 3, 4, 5, 6, 14].map((attempt) =>
    retryDelay(DEFAULT_RETRY_POLICY, attempt, UNAVAILABLE, 0.5),
  );
  assert.deepEqual(delays, [50, 200, 800, 3_450, 13_050, 51_450, 60_250, 60_250]);
  assert.equal(retryDelay(DEFAULT_RETRY_POLICY, 15, UNAVAILABLE), undefined);
});

test("a server's wish for a longer wait is followed, up to ten minutes", () => {
  assert.equal(retryDelay(DEFAULT_RETRY_POLICY, 0, askedToWait(1), 0), 1_000);
  assert.equal(retryDelay(DEFAULT_RETRY_POLICY, 0, askedToWait(3_600), 0), 600_000);
});

test("lost connections and taken-over streams are tried again, answers of the server are not", () => {
  const reset = Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });
  for (const error of [
    UNAVAILABLE,
    new ConnectError("read ECONNRESET", Code.Aborted, undefined, undefined, reset),
    new ConnectError("http/2 stream closed with error code CANCEL (0x8)", Code.Canceled),
    new ConnectError("protocol error: incomplete envelope", Code.InvalidArgument),
  ]) {
    assert.ok(isConnectionFailure(error) && isRetryable(error), error.message);
  }
  assert.ok(isRetryable(new ConnectError("[INVALID_CURSOR.DISCONNECTED] …", Code.Internal)));
  assert.ok(isRetryable(askedToWait(1)));
  for (const error of [
    new ConnectError("no table", Code.Internal),
    new ConnectError("", Code.Canceled),
    new Error("x"),
  ]) {
    assert.ok(!isRetryable(error), error.message);
  }
});

test("a call is made until it succeeds, or the policy gives up with the last error", async () => {
  let calls = 0;
  const call = (failures: number) => () => {
    calls += 1;
    return calls <= failures ? Promise.reject(UNAVAILABLE) : Promise.resolve("done");
  };
  assert.equal(await withRetries(QUICK, undefined, call(3)), "done");
  assert.equal(calls, 4);
  calls = 0;
  await assert.rejects(withRetries(QUICK, undefined, call(4)), UNAVAILABLE);
  assert.equal(calls, 4);
});

test("an abort ends the wait with the signal's reason", async () => {
  const reason = new Error("enough");
  const policy = { ...DEFAULT_RETRY_POLICY, initialBackoff: 60_000 };
  const controller = new AbortController();
  const call = withRetries(policy, controller.signal, () => Promise.reject(UNAVAILABLE));
  setImmediate(() => {
    controller.abort(reason);
  });
  await assert.rejects(call, reason);
});
