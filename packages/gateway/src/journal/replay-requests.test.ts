import assert from "node:assert/strict";
import { test } from "node:test";
import { fromBinary, fromJson, toBinary } from "@bufbuild/protobuf";
import { SparkConnectService } from "@duet/spark-connect/wire";
import { encodeField } from "../grpc/fields.ts";
import { overBounds } from "./bound.ts";
import type { JournalEntry } from "./journal-entry.ts";
import { replayRequests } from "./replay-requests.ts";
import { sqlRequest } from "./sql-request.ts";

const { addArtifacts, executePlan } = SparkConnectService.method;

const TARGET = {
  driverSessionId: "00000000-0000-4000-8000-000000000001",
  userContext: encodeField(1, Buffer.from("ada")),
};

const ENTRY = { kind: "view", defines: [], removes: false, uses: [] } as const;

test("an entry goes to another session as a call of its own, which ends with its answer", () => {
  const sent = fromJson(executePlan.input, {
    sessionId: "00000000-0000-4000-8000-00000000000a",
    clientObservedServerSideSessionId: "00000000-0000-4000-8000-00000000000b",
    userContext: { userId: "eve", userName: "eve" },
    operationId: "00000000-0000-4000-8000-00000000000c",
    clientType: "test",
    tags: ["tag"],
    requestOptions: [{ reattachOptions: { reattachable: true } }],
    plan: { root: { sql: { query: "CREATE TEMP VIEW v AS SELECT 1" } } },
  });
  const entry: JournalEntry = {
    ...ENTRY,
    method: "ExecutePlan",
    messages: [Buffer.from(toBinary(executePlan.input, sent))],
  };
  const [first, second] = [1, 2].map(() => {
    const [message = Buffer.alloc(0)] = replayRequests(entry, TARGET);
    return fromBinary(executePlan.input, message);
  });
  assert.equal(first?.sessionId, TARGET.driverSessionId);
  assert.equal(first.clientObservedServerSideSessionId, undefined);
  assert.deepEqual([first.userContext?.userId, first.userContext?.userName], ["ada", ""]);
  assert.notEqual(first.operationId, sent.operationId);
  assert.notEqual(first.operationId, second?.operationId);
  assert.deepEqual([first.tags, first.requestOptions], [[], []]);
  assert.equal(first.clientType, "test");
  assert.deepEqual(first.plan, sent.plan);
});

test("all messages of a stream go to the other session, and a statement of our own gets what it lacks", () => {
  const chunk = Buffer.from(
    toBinary(addArtifacts.input, fromJson(addArtifacts.input, { sessionId: "a", chunk: { data: "AAAA" } })),
  );
  const stream = replayRequests({ ...ENTRY, method: "AddArtifacts", messages: [chunk, chunk] }, TARGET);
  assert.deepEqual(
    stream.map((message) => fromBinary(addArtifacts.input, message).sessionId),
    [TARGET.driverSessionId, TARGET.driverSessionId],
  );
  const [own = Buffer.alloc(0)] = replayRequests(
    { ...ENTRY, method: "ExecutePlan", messages: [sqlRequest("CLEAR CACHE")] },
    TARGET,
  );
  const { plan, userContext } = fromBinary(executePlan.input, own);
  assert.equal(plan?.opType.case, "command");
  assert.equal(userContext?.userId, "ada");
});

test("a journal is too large by its bytes or its entries, without what goes", () => {
  const heads = [1, 2, 3].map((sequence) => ({ ...ENTRY, method: "Config" as const, sequence, size: 100 }));
  const next = { size: 100 };
  assert.equal(overBounds(heads, next, [], { bytes: 400, entries: 4 }), undefined);
  assert.match(overBounds(heads, next, [], { bytes: 399 }) ?? "", /more than 399 bytes/u);
  assert.match(overBounds(heads, next, [], { entries: 3 }) ?? "", /more than 3 entries/u);
  assert.equal(overBounds(heads, next, [2], { bytes: 399, entries: 3 }), undefined);
});
