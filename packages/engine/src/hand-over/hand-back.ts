import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { ObjectRef, RayClient } from "@duet/ray";
import type { DataFrame, SparkSession } from "@duet/spark-connect";
import { RecordBatchReader } from "apache-arrow";

/**
 * Up to this many bytes a table of Ray becomes part of Spark's plan, above it Ray writes parquet that Spark reads:
 * what is in a plan travels with every query that uses it.
 */
export const PLAN_BYTES = 256 * 1024;

/** What {@link handBack} needs besides the table. */
export interface HandBackOptions {
  readonly run: string;
  /** The run's folder in the lake, which the caller removes at the run's end: the DataFrame reads from it until then. */
  readonly directory: string;
  /** The files' folder begins with it. */
  readonly name: string;
  readonly signal: AbortSignal;
  /** How many rows the table must have, where that is known. */
  readonly rows?: number;
}

/**
 * Gives the rows of one or more tables of Ray to Spark as one: small ones in the plan, large ones as parquet that a
 * Ray task writes, a file for each table. Columns get the nearest type that Spark has, the same either way (see `duet.table_writer`).
 *
 * Rejects with a RayError (`type-unknown-to-spark`, `duplicate-column`, `not-a-table`) or a SparkConnectError, or with
 * the signal's reason.
 */
export async function handBack(
  session: SparkSession,
  ray: RayClient,
  tables: readonly ObjectRef[],
  options: HandBackOptions,
): Promise<DataFrame> {
  const { run, signal } = options;
  const path = join(options.directory, `${options.name}-${randomUUID().slice(0, 8)}`);
  const task = ray.submit({
    function: { module: "duet.table_writer", name: "hand_back" },
    arguments: [path, PLAN_BYTES, ...tables],
    name: "hand back",
    run,
  });
  await task.result({ signal });
  const { stream, rows, written } = await fetchTable(ray, task.ref, signal);
  ray.release([task.ref]);
  if (options.rows !== undefined && rows !== options.rows) {
    throw new Error(`${String(options.rows)} rows went to Ray and ${String(rows)} came back`);
  }
  const frame = session.createDataFrame(stream);
  if (written === undefined) return frame;
  return session.read.schema(await frame.schema({ signal })).parquet(written);
}

interface FetchedTable {
  /** One whole Arrow IPC stream. */
  readonly stream: Uint8Array;
  readonly rows: number;
  /** Where the rows have been written to, if they are not in the stream. */
  readonly written?: string;
}

async function fetchTable(ray: RayClient, ref: ObjectRef, signal: AbortSignal): Promise<FetchedTable> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of ray.getTable(ref, { signal })) chunks.push(chunk);
  const stream = Buffer.concat(chunks);
  const reader = RecordBatchReader.from(stream).open();
  const { metadata } = reader.schema;
  let rows = 0;
  for (const batch of reader) rows += batch.numRows;
  const written = metadata.get("duet.path");
  return written === undefined
    ? { stream, rows }
    : { stream, rows: Number(metadata.get("duet.rows")), written };
}
