import { sparkError } from "./errors.ts";
import type {
  ExecutePlanResponse,
  ExecutePlanResponse_ArrowBatch,
} from "./generated/spark/connect/base_pb.js";

/** A part of a result. */
export interface ArrowBatch {
  /** One whole Arrow IPC stream (schema and record batches), as the server sent it. */
  readonly data: Uint8Array;
  readonly rowCount: number;
}

/**
 * Picks the result out of an operation's answers. Spark splits large batches into chunks (`ResultChunkingOptions`),
 * which are put together again; nothing else is touched.
 *
 * @throws SparkConnectError `protocol-error` when a chunk or a row is missing
 */
export async function* assembleArrowBatches(
  responses: AsyncIterable<ExecutePlanResponse>,
): AsyncGenerator<ArrowBatch, void, undefined> {
  let chunks: Uint8Array[] = [];
  let rows = 0n;
  for await (const { responseType } of responses) {
    if (responseType.case !== "arrowBatch") {
      continue;
    }
    const batch = responseType.value;
    checkOrder(batch, chunks.length, rows);
    chunks.push(batch.data);
    if (chunks.length < Number(batch.numChunksInBatch ?? 0n)) {
      continue;
    }
    const [only] = chunks;
    const data = chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
    rows += batch.rowCount;
    chunks = [];
    yield { data, rowCount: Number(batch.rowCount) };
  }
  if (chunks.length > 0) {
    throw sparkError("protocol-error", "the result ended within an Arrow batch");
  }
}

function checkOrder(batch: ExecutePlanResponse_ArrowBatch, chunks: number, rows: bigint): void {
  if (Number(batch.chunkIndex ?? 0n) !== chunks) {
    throw sparkError(
      "protocol-error",
      `expected chunk ${chunks} of an Arrow batch, got ${batch.chunkIndex ?? 0n}`,
    );
  }
  if (chunks === 0 && batch.startOffset !== undefined && batch.startOffset !== rows) {
    throw sparkError("protocol-error", `expected row ${rows} of the result, got row ${batch.startOffset}`);
  }
}
