import assert from "node:assert/strict";
import { test } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { ExecutionError, OperationCancelledError, SessionExpiredError, SparkConnectError } from "./errors.ts";
import { ErrorInfoSchema } from "./generated/google/rpc/error_details_pb.js";
import { toSparkError } from "./server-error.ts";

async function converted(
  message: string,
  metadata: Record<string, string>,
  { status = Code.Internal, domain = "org.apache.spark" } = {},
): Promise<SparkConnectError> {
  const error = new ConnectError(message, status);
  const info = create(ErrorInfoSchema, { reason: "r", domain, metadata });
  error.details = [{ type: "google.rpc.ErrorInfo", value: toBinary(ErrorInfoSchema, info) }];
  const result = await toSparkError(error, () => Promise.resolve(undefined));
  assert.ok(result instanceof SparkConnectError);
  return result;
}

test("a failed task's message keeps its words and loses its stack traces", async () => {
  const error = await converted(
    "Job aborted due to stage failure: Task 0 failed: java.lang.OutOfMemoryError: Java heap space\n" +
      "\tat java.base/java.util.Arrays.copyOf(Arrays.java:3537)\n\tat a.B.c(B.scala:1)\n\t... 12 more\n\nDriver stacktrace:",
    { classes: '["org.apache.spark.SparkException","java.lang.Exception"]' },
  );
  assert.ok(error instanceof ExecutionError);
  assert.equal(
    error.rawMessage,
    "Job aborted due to stage failure: Task 0 failed: java.lang.OutOfMemoryError: Java heap space",
  );
});

test("the plan behind an analysis mistake is kept apart", async () => {
  const error = await converted(
    "[X] No column. SQLSTATE: 42703; line 1 pos 7;\n'Project ['a]\n+- Range (0, 3)\n",
    {
      classes: '["org.apache.spark.sql.AnalysisException"]',
      errorClass: "X",
      messageParameters: '{"objectName":"`a`"}',
    },
  );
  assert.equal(error.rawMessage, "[X] No column. SQLSTATE: 42703; line 1 pos 7");
  assert.equal(error.plan, "'Project ['a]\n+- Range (0, 3)");
  assert.equal(error.sqlState, "42703");
  assert.deepEqual(error.messageParameters, { objectName: "`a`" });
  assert.equal(error.code, "analysis-error");
});

test("lost sessions and interrupts are told apart, on both servers", async () => {
  assert.ok(
    (await converted("[INVALID_HANDLE.SESSION_CLOSED] …", {
      errorClass: "INVALID_HANDLE.SESSION_CLOSED",
    })) instanceof SessionExpiredError,
  );
  assert.ok(
    (await converted("invalid argument: session x is not running", {})) instanceof SessionExpiredError,
  );
  assert.ok(
    (await converted("[OPERATION_CANCELED] …", { errorClass: "OPERATION_CANCELED" })) instanceof
      OperationCancelledError,
  );
});

test("metadata that was cut off is left out", async () => {
  const error = await converted("failed", { classes: '["org.apache', messageParameters: '{"a":' });
  assert.deepEqual([error.code, error.messageParameters], ["execution-error", {}]);
});

test("errors of gRPC itself get codes, and what is no error of a call stays what it is", async () => {
  const fetchDetails = () => Promise.resolve(undefined);
  for (const [code, expected] of [
    [Code.Unavailable, "connection-lost"],
    [Code.Unauthenticated, "unauthenticated"],
    [Code.PermissionDenied, "permission-denied"],
    [Code.Unimplemented, "unsupported"],
    [Code.Unknown, "execution-error"],
  ] as const) {
    const error = await toSparkError(new ConnectError("told", code), fetchDetails);
    assert.ok(error instanceof SparkConnectError);
    assert.equal(error.code, expected);
    assert.match(error.rawMessage, /told/);
  }
  const other = new TypeError("ours");
  assert.equal(await toSparkError(other, fetchDetails), other);
});

test("who may not call, and how much, is told apart from what failed", async () => {
  const gateway = { domain: "duet.gateway" };
  const refused = await converted("who?", {}, { ...gateway, status: Code.Unauthenticated });
  assert.equal(refused.code, "unauthenticated");
  const forbidden = await converted("not you", {}, { ...gateway, status: Code.PermissionDenied });
  assert.equal(forbidden.code, "permission-denied");
  const full = await converted("no room", {}, { ...gateway, status: Code.ResourceExhausted });
  assert.deepEqual([full.code, full.rawMessage], ["limit-reached", "no room"]);
});
