import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { RequestBody, RequestNotKeptError } from "./request-body.ts";

const MESSAGES = ["one", "two", "three"].map((text) => Buffer.from(text));

async function* source(messages = MESSAGES): AsyncGenerator<Buffer, void, undefined> {
  for (const message of messages) yield await Promise.resolve(message);
}

async function texts(messages: AsyncIterable<Buffer>): Promise<string[]> {
  return (await Array.fromAsync(messages)).map(String);
}

describe("the messages of a request", () => {
  test("can be read again and again, by several readers at once", async () => {
    const body = new RequestBody(source(), 100);
    assert.equal(String(await body.first()), "one");
    const both = await Promise.all([texts(body.read()), texts(body.read())]);
    assert.deepEqual(both, [
      ["one", "two", "three"],
      ["one", "two", "three"],
    ]);
    assert.deepEqual(await texts(body.read()), ["one", "two", "three"]);
    assert.deepEqual([body.kept, body.bytes], [true, 11]);
  });

  test("are all read once when they are more than is kept, and none is held after that", async () => {
    const body = new RequestBody(source(), 5);
    await body.first();
    assert.deepEqual(await texts(body.read()), ["one", "two", "three"]);
    assert.deepEqual([body.kept, body.messages], [false, []]);
    await assert.rejects(texts(body.read()), RequestNotKeptError);
  });

  test("are let go at once when they are not needed again, save what is still to be sent", async () => {
    const body = new RequestBody(source(), 100);
    const reader = body.read();
    assert.equal(String((await reader.next()).value), "one");
    body.drop();
    assert.deepEqual(body.messages, []);
    assert.deepEqual(await texts(reader), ["two", "three"]);
  });

  test("fail for every reader as their source does", async () => {
    const broken = async function* (): AsyncGenerator<Buffer, void, undefined> {
      yield* source();
      throw new Error("cut off");
    };
    const body = new RequestBody(broken(), 100);
    await assert.rejects(texts(body.read()), /cut off/u);
  });

  test("may be none", async () => {
    assert.equal(await new RequestBody(source([]), 100).first(), undefined);
  });
});
