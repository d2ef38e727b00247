import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { RayClient } from "@duet/ray";
import type { DataFrame, ExecutionProgress } from "@duet/spark-connect";
import type { HandedTable } from "./handed-table.ts";
import { LocalLake } from "../lake/local-lake.ts";
import { removeUntilGone } from "../lake/remove-until-gone.ts";
import { measureFiles } from "./parquet-files.ts";
import { type PlanFacts, readPlan } from "./plan-facts.ts";

/**
 * Up to this many bytes a result goes as Arrow batches through this process, above it as parquet files; measured by
 * `npm run bench -- hand-over`, see `bench/README.md`. Sail streams results at some 80 MB/s but writes parquet at
 * 900 MB/s with a start of 10 ms; Apache Spark needs 0.3 s for the smallest write.
 */
export const SWITCH_BYTES: Readonly<Record<PlanFacts["planner"], number>> = {
  sail: 4 * 1024 * 1024,
  spark: 64 * 1024 * 1024,
};

/**
 * How the files are written. They are read once, at once and on the same machine, so that packing them and counting
 * in them only costs time. The first two are Sail's names, the last is Apache Spark's.
 */
const PLAIN_PARQUET: Readonly<Record<string, string>> = {
  compression: "uncompressed",
  dictionary_enabled: "false",
  statistics_enabled: "none",
  "parquet.enable.dictionary": "false",
};

/** What {@link handOver} needs besides the table. */
export interface HandOverOptions {
  readonly ray: RayClient;
  /** The run that the object in Ray belongs to. */
  readonly run: string;
  /** The run's folder in the lake, which the caller removes at the run's end; Spark, Ray and this process reach it. */
  readonly directory: string;
  /** The files' folder begins with it. */
  readonly name: string;
  readonly signal: AbortSignal;
  readonly onStatus?: (text: string) => void;
  readonly onProgress?: (progress: ExecutionProgress) => void;
  /** Takes one of the two ways whatever the size; for measurements and tests. */
  readonly way?: HandedTable["kind"];
}

/**
 * Hands the result of a query over to Ray by the quicker of two ways: small ones as Arrow batches, which are not
 * decoded on their way, large ones as parquet files that Spark's executors write. The way is chosen before the query
 * runs, which it does once, and it gives the same rows and types either way. Memory stays flat.
 *
 * Rejects with a SparkConnectError or RayError, or with the signal's reason.
 */
export async function handOver(frame: DataFrame, options: HandOverOptions): Promise<HandedTable> {
  const way = options.way ?? (await quickerWay(frame, options.signal));
  if (way === "object") {
    options.onStatus?.("handing the table over to Ray");
    return putObject(frame, options);
  }
  options.onStatus?.("handing the table over to Ray as parquet");
  return writeFiles(frame, options);
}

async function quickerWay(frame: DataFrame, signal: AbortSignal): Promise<HandedTable["kind"]> {
  const [plan, schema] = await Promise.all([frame.explain("cost", { signal }), frame.schema({ signal })]);
  if (schema.fields.length === 0) return "object"; // Parquet has no rows without columns.
  const facts = readPlan(plan, schema);
  // Sail deals the rows of a write out to four files, and their order is gone.
  if (facts === undefined || (facts.planner === "sail" && facts.ordered)) return "object";
  return facts.bytes !== undefined && facts.bytes <= SWITCH_BYTES[facts.planner] ? "object" : "files";
}

async function putObject(frame: DataFrame, options: HandOverOptions): Promise<HandedTable> {
  const { ray, run, signal, onProgress } = options;
  const batches = frame.arrowBatches({ signal, ...(onProgress === undefined ? {} : { onProgress }) });
  const streams = (async function* () {
    for await (const { data } of batches) yield data;
  })();
  const { ref, rows, bytes } = await ray.putTable(streams, { run, signal });
  return { kind: "object", ref, rows, bytes };
}

async function writeFiles(frame: DataFrame, options: HandOverOptions): Promise<HandedTable> {
  const { directory, name, signal, onProgress } = options;
  const path = join(directory, `${name}-${randomUUID().slice(0, 8)}`);
  try {
    await frame.write
      .format("parquet")
      .options(PLAIN_PARQUET)
      .save(path, { signal, ...(onProgress === undefined ? {} : { onProgress }) });
    const { rows, bytes } = await measureFiles(path);
    // Sail writes no file for no rows. The query is not run again: its columns are all that is left to hand over.
    if (rows === 0) return await putObject(frame.limit(0), options);
    return { kind: "files", path, schema: await emptyStream(frame, signal), rows, bytes };
  } catch (error) {
    // Part of a table is of no use, and where the disk is full its space is needed.
    await removeUntilGone(new LocalLake(directory), path);
    throw error;
  }
}

async function emptyStream(frame: DataFrame, signal: AbortSignal): Promise<string> {
  for await (const { data } of frame.limit(0).arrowBatches({ signal }))
    return Buffer.from(data).toString("base64");
  throw new Error("Spark sent no Arrow batch for an empty result, not even its schema");
}
