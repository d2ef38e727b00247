import assert from "node:assert/strict";
import { test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { Continuity } from "./continuity.ts";
import { ConnectionLostError } from "./errors.ts";
import { ExecutePlanResponseSchema } from "./generated/spark/connect/base_pb.js";
import { commandPlan, queryPlan, relation } from "./plan.ts";

const QUERY = queryPlan(relation({ case: "range", value: { end: 3n, step: 1n } }));
const COMMAND = commandPlan({ case: "sqlCommand", value: {} });
const COMPLETE = create(ExecutePlanResponseSchema, { responseType: { case: "resultComplete", value: {} } });
const batch = (startOffset?: bigint) =>
  create(ExecutePlanResponseSchema, {
    responseType: { case: "arrowBatch", value: startOffset === undefined ? {} : { startOffset } },
  });

test("without a break any result is taken", () => {
  const continuity = new Continuity(QUERY);
  continuity.received(batch());
  continuity.received(COMPLETE);
});

test("numbered rows are taken up again after a break", () => {
  const continuity = new Continuity(QUERY);
  continuity.received(batch(0n));
  continuity.broken();
  continuity.received(batch(10n));
  continuity.received(COMPLETE);
});

test("rows without numbers are not, neither before nor after the break", () => {
  const before = new Continuity(QUERY);
  before.received(batch());
  assert.throws(() => {
    before.broken();
  }, ConnectionLostError);
  const later = new Continuity(QUERY);
  later.broken();
  assert.throws(() => {
    later.received(batch());
  }, ConnectionLostError);
});

test("a query that ends without rows after a break may have lost them; a command has none", () => {
  const query = new Continuity(QUERY);
  query.broken();
  assert.throws(() => {
    query.received(COMPLETE);
  }, ConnectionLostError);
  const command = new Continuity(COMMAND);
  command.broken();
  command.received(COMPLETE);
});
