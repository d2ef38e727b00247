import assert from "node:assert/strict";
import { test } from "node:test";
import { fitsSize, sizeOf } from "./ray-size.ts";

test("a size holds what was asked for and nothing else", () => {
  const record = { url: "http://127.0.0.1:1", cpus: 2, resources: { tpu: 4 } };
  assert.deepEqual(sizeOf(record), { cpus: 2, resources: { tpu: 4 } });
  assert.deepEqual(sizeOf({}), {});
});

test("a warm Ray fits unless other resources are asked for", () => {
  const has = { cpus: 2, resources: { tpu: 4 } };
  for (const asked of [{}, { cpus: 2 }, { resources: { tpu: 4 } }, has]) assert.ok(fitsSize(has, asked));
  for (const asked of [{ cpus: 3 }, { gpus: 0 }, { resources: { tpu: 1 } }, { resources: {} }])
    assert.ok(!fitsSize(has, asked));
});
