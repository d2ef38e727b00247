import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import { readLines } from "./read-lines.ts";

async function linesOf(chunks: readonly (string | Buffer)[]): Promise<readonly string[]> {
  const lines: string[] = [];
  await readLines(Readable.from(chunks, { objectMode: false }), (line) => {
    lines.push(line);
    return Promise.resolve();
  });
  return lines;
}

test("lines come whole, the last one also without its break", async () => {
  assert.deepEqual(await linesOf(["a\nb", "c\n\nd"]), ["a", "bc", "", "d"]);
  assert.deepEqual(await linesOf(["a\n"]), ["a"]);
  assert.deepEqual(await linesOf([]), []);
  const euro = Buffer.from("€\n");
  assert.deepEqual(await linesOf([euro.subarray(0, 1), euro.subarray(1)]), ["€"]);
});

test("output without line breaks comes in pieces", async () => {
  const lines = await linesOf(Array.from({ length: 40 }, () => "x".repeat(10_000)));
  assert.ok(lines.length > 1 && lines.every((line) => line.length <= 64 * 1024));
  assert.equal(lines.join("").length, 400_000);
});

test("a reader that is slow is not run over", async () => {
  let waiting = 0;
  let most = 0;
  await readLines(Readable.from(["a\nb\n", "c\n"], { objectMode: false }), async () => {
    waiting += 1;
    most = Math.max(most, waiting);
    await new Promise((resolve) => setImmediate(resolve));
    waiting -= 1;
  });
  assert.equal(most, 1);
});
