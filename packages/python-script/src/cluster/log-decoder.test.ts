import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LogDecoder, type LogItem } from "./log-decoder.ts";

const BEGIN = '\x1ebegin\x1f{"version":1}\x1f\n';

function decode(chunks: readonly Uint8Array[]): readonly LogItem[] {
  const decoder = new LogDecoder();
  return [...chunks.flatMap((chunk) => [...decoder.push(chunk)]), ...decoder.end()];
}

const output = (items: readonly LogItem[], stream: string): Buffer =>
  Buffer.concat(
    items.flatMap((item) => (item.type === "output" && item.stream === stream ? [item.bytes] : [])),
  );

test("Ray's own lines come before the script's, and records stand between its output", () => {
  const log = `Runtime env is setting up.\n${BEGIN}one\n\x1ee\x1fwärning\x1f\ntwo\n\x1eO\x1f${btoa("Name: ")}\x1f\n\x1eexit\x1f{"code":3}\x1f\n`;
  const items = decode([Buffer.from(log)]);
  assert.deepEqual(items[0], { type: "preamble", text: "Runtime env is setting up." });
  assert.deepEqual(items[1], { type: "record", kind: "begin", json: '{"version":1}' });
  assert.equal(output(items, "stdout").toString(), "one\ntwo\nName: ");
  assert.equal(output(items, "stderr").toString(), "wärning\n");
  assert.deepEqual(items.at(-1), { type: "record", kind: "exit", json: '{"code":3}' });
});

test("the same comes out however the log is cut, and with any bytes in it", () => {
  const stdout = fc.uint8Array({ maxLength: 40 });
  const part = fc.oneof(
    stdout.map((bytes) => ({
      line: Buffer.from(`\x1eO\x1f${Buffer.from(bytes).toString("base64")}\x1f\n`),
      bytes,
    })),
    fc
      .string({ unit: "binary", maxLength: 20 })
      .filter((text) => text.isWellFormed() && !text.includes("\n") && !text.startsWith("\x1e"))
      .map((text) => {
        const line = Buffer.from(`${text}\n`);
        return { line, bytes: new Uint8Array(line) };
      }),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), fc.array(fc.nat(60), { maxLength: 12 }), (parts, cuts) => {
      const log = Buffer.concat([Buffer.from(BEGIN), ...parts.map(({ line }) => line)]);
      const chunks: Buffer[] = [];
      let position = 0;
      for (const cut of cuts) {
        chunks.push(log.subarray(position, position + cut));
        position += cut;
      }
      chunks.push(log.subarray(position));
      const expected = Buffer.concat(parts.map(({ bytes }) => bytes));
      assert.deepEqual(output(decode(chunks), "stdout"), expected);
    }),
  );
});

test("a job that ended before the script began leaves only Ray's words", () => {
  const items = decode([Buffer.from("runtime_env setup failed:\nno such package")]);
  assert.deepEqual(
    items.map((item) => item.type === "preamble" && item.text),
    ["runtime_env setup failed:", "no such package"],
  );
});
