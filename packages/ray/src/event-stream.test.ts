import assert from "node:assert/strict";
import { test } from "node:test";
import { EventStream } from "./event-stream.ts";

test("what is pushed before and while it is read comes in order, and the end comes last", async () => {
  const stream = new EventStream<number>();
  stream.push(1);
  stream.push(2);
  const seen: number[] = [];
  const reader = (async () => {
    for await (const item of stream) {
      seen.push(item);
      if (item === 2) stream.push(3);
    }
  })();
  await new Promise((resolve) => setImmediate(resolve));
  stream.push(4);
  stream.end();
  stream.push(5);
  await reader;
  assert.deepEqual(seen, [1, 2, 3, 4]);
});

test("an error is thrown behind the items", async () => {
  const stream = new EventStream<number>();
  stream.push(1);
  stream.end(new Error("lost"));
  const seen: number[] = [];
  await assert.rejects(
    (async () => {
      for await (const item of stream) seen.push(item);
    })(),
    /lost/,
  );
  assert.deepEqual(seen, [1]);
});

test("a reader that leaves ends the stream", async () => {
  const stream = new EventStream<number>();
  stream.push(1);
  stream.push(2);
  for await (const item of stream) {
    assert.equal(item, 1);
    break;
  }
  stream.push(3);
  const rest: number[] = [];
  for await (const item of stream) rest.push(item);
  assert.ok(!rest.includes(3));
});
