import assert from "node:assert/strict";
import { test } from "node:test";
import { DeferredResult } from "./deferred-result.ts";

test("an aborted wait ends alone; later ones still get the value", async () => {
  const result = new DeferredResult<number>();
  const controller = new AbortController();
  const waiting = result.wait(controller.signal);
  controller.abort(new Error("enough"));
  await assert.rejects(waiting, /enough/);
  await assert.rejects(result.wait(controller.signal), /enough/);
  assert.equal(result.settled, false);
  result.resolve(7);
  assert.equal(await result.wait(), 7);
  assert.equal(await result.wait(new AbortController().signal), 7);
  assert.equal(result.settled, true);
});

test("a rejection that nobody awaits is no unhandled one", async () => {
  const result = new DeferredResult<number>();
  result.reject(new Error("lost"));
  await new Promise((resolve) => setImmediate(resolve));
  await assert.rejects(result.wait(), /lost/);
});
