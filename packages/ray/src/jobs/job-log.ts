import { setTimeout as sleep } from "node:timers/promises";
import type { JobsConnection } from "./jobs-connection.ts";
import { answerError, connectionError, RayJobsError } from "./jobs-error.ts";
import { isOver, type RayJob } from "./ray-job.ts";

/** How a job's log is read. */
export interface JobLogOptions {
  /** Goes on until the job is over; else what is there now. */
  readonly follow: boolean;
  /** How often a lost connection is tried again before it is given up. */
  readonly retries?: number;
  /** Called once when the connection is lost and tried again. */
  readonly onLost?: (error: RayJobsError) => void;
  readonly signal?: AbortSignal;
}

/** Seconds between two looks of Ray's agent at the end of the file. */
const LOOK_INTERVAL = "0.2";
/** Milliseconds between two looks at the job's state while its log is followed. */
const STATE_INTERVAL_MS = 1_000;
/** Milliseconds before another look where there is nothing to read yet. */
const PAUSE_MS = 250;
const RETRY_DELAY_MS = 1_000;
/** What may be better a moment later. */
const PASSING: readonly RayJobsError["code"][] = ["jobs-unreachable", "jobs-busy", "jobs-failed"];
const DEFAULT_RETRIES = 30;

/**
 * The bytes of a job's log as they stand in the file on the job's node, through Ray's State API
 * (`/api/v0/logs/stream`). The Jobs API's own `logs/tail` reads the file as text: it changes carriage returns, fails
 * on other bytes than UTF-8, comes 3 s late, and has no way to slow down.
 */
export async function* jobLog(
  connection: JobsConnection,
  find: (signal?: AbortSignal) => Promise<RayJob>,
  options: JobLogOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { follow, signal } = options;
  let seen = 0;
  let failures = 0;
  let found = false;
  for (;;) {
    try {
      const job = await located(find, options);
      found = true;
      if (job.node === undefined) return;
      const live = follow && !isOver(job);
      for await (const chunk of live
        ? followed(connection, job, find, seen, signal)
        : part(connection, job, seen, signal)) {
        failures = 0;
        seen += chunk.byteLength;
        yield chunk;
      }
      // A log that was followed to the end of its job is read once more for what came last.
      if (!live) return;
      await sleep(PAUSE_MS, undefined, { signal });
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof RayJobsError) || !PASSING.includes(error.code) || !follow || !found) throw error;
      if (failures === 0) options.onLost?.(error);
      failures += 1;
      if (failures > (options.retries ?? DEFAULT_RETRIES)) throw error;
      await sleep(RETRY_DELAY_MS, undefined, { signal });
    }
  }
}

/** The job as soon as it has a node, or has ended without one. */
async function located(
  find: (signal?: AbortSignal) => Promise<RayJob>,
  { follow, signal }: JobLogOptions,
): Promise<RayJob> {
  for (;;) {
    const job = await find(signal);
    if (job.node !== undefined || isOver(job) || !follow) return job;
    await sleep(PAUSE_MS, undefined, { signal });
  }
}

/** Follows the file until its job is over. */
async function* followed(
  connection: JobsConnection,
  job: RayJob,
  find: (signal?: AbortSignal) => Promise<RayJob>,
  skip: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const over = new AbortController();
  const watching = watch(find, over, signal).catch(() => undefined);
  const either = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]);
  try {
    yield* part(connection, job, skip, either, LOOK_INTERVAL);
  } catch (error) {
    signal?.throwIfAborted();
    if (!over.signal.aborted) throw error;
  } finally {
    over.abort();
    await watching;
  }
}

/** Aborts `over` when the job is over, and when that cannot be learned: the next look at the job says why. */
async function watch(
  find: (signal?: AbortSignal) => Promise<RayJob>,
  over: AbortController,
  signal: AbortSignal | undefined,
): Promise<void> {
  const either = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]);
  try {
    do await sleep(STATE_INTERVAL_MS, undefined, { signal: either });
    while (!isOver(await find(either)));
  } finally {
    over.abort();
  }
}

/** What follows the first `skip` bytes; with an `interval` without an end. */
async function* part(
  connection: JobsConnection,
  job: RayJob,
  skip: number,
  signal: AbortSignal | undefined,
  interval?: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  const filename = `job-driver-${job.id}.log`;
  const answer = await connection.call({
    method: "GET",
    path: `api/v0/logs/${interval === undefined ? "file" : "stream"}`,
    query: {
      node_id: job.node ?? "",
      filename,
      lines: "-1",
      timeout: "3600",
      ...(interval === undefined ? {} : { interval }),
    },
    signal,
  });
  if (answer.statusCode >= 400) {
    const text = await connection.text(answer, signal);
    // The agent makes the file when the job starts; before that there is nothing to read.
    if (text.startsWith("A file is not found")) return;
    throw answerError(connection.url, answer.statusCode, text);
  }
  let left = skip;
  try {
    for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
      if (left < chunk.byteLength) yield left === 0 ? chunk : chunk.subarray(left);
      left = Math.max(0, left - chunk.byteLength);
    }
  } catch (cause) {
    signal?.throwIfAborted();
    throw connectionError(connection.url, cause);
  }
}
