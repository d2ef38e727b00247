import assert from "node:assert/strict";
import { test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { assembleArrowBatches } from "./arrow-batches.ts";
import { ExecutePlanResponseSchema } from "./generated/spark/connect/base_pb.js";

interface Part {
  readonly data: readonly number[];
  readonly rows: number;
  readonly start?: number;
  readonly chunk?: number;
  readonly of?: number;
}

async function assemble(parts: readonly Part[]): Promise<unknown[]> {
  const responses = parts.map(({ data, rows, start, chunk, of }) =>
    create(ExecutePlanResponseSchema, {
      responseType: {
        case: "arrowBatch",
        value: {
          data: new Uint8Array(data),
          rowCount: BigInt(rows),
          ...(start !== undefined && { startOffset: BigInt(start) }),
          ...(chunk !== undefined && { chunkIndex: BigInt(chunk) }),
          ...(of !== undefined && { numChunksInBatch: BigInt(of) }),
        },
      },
    }),
  );
  const batches = [];
  async function* stream() {
    await Promise.resolve();
    yield* responses;
  }
  for await (const { data, rowCount } of assembleArrowBatches(stream())) {
    batches.push([...data, rowCount]);
  }
  return batches;
}

test("batches pass, chunks are put together", async () => {
  assert.deepEqual(
    await assemble([
      { data: [1], rows: 2 },
      { data: [2], rows: 3 },
    ]),
    [
      [1, 2],
      [2, 3],
    ],
  );
  assert.deepEqual(
    await assemble([
      { data: [1], rows: 5, start: 0, chunk: 0, of: 2 },
      { data: [2, 3], rows: 5, start: 0, chunk: 1, of: 2 },
      { data: [4], rows: 1, start: 5, chunk: 0, of: 1 },
    ]),
    [
      [1, 2, 3, 5],
      [4, 1],
    ],
  );
});

test("a gap in rows or chunks, and an end within a batch, are errors", async () => {
  for (const parts of [
    [{ data: [1], rows: 5, start: 1 }],
    [
      { data: [1], rows: 5, start: 0 },
      { data: [1], rows: 5, start: 6 },
    ],
    [{ data: [1], rows: 5, chunk: 1, of: 2 }],
    [{ data: [1], rows: 5, chunk: 0, of: 2 }],
  ]) {
    await assert.rejects(assemble(parts), { code: "protocol-error" });
  }
});
