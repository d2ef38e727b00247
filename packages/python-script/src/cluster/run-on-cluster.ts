import { constants } from "node:os";
import { dirname, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type EventBody, EventQueue, newRunId, type RunEvent } from "@duet/engine";
import { isOver, RayJobs, RayJobsError } from "@duet/ray";
import { ScriptEvents } from "../events/script-events.ts";
import { failureOf } from "../failure.ts";
import { killedBy } from "../process/process-end.ts";
import type { ClusterRunOptions } from "./cluster-options.ts";
import { startFailure } from "./job-failure.ts";
import { type JobExit, JobLogReader } from "./job-log-reader.ts";
import { OutputLines } from "./output-lines.ts";
import { prepareForCluster } from "./prepare-for-cluster.ts";
import { submitScript } from "./submit-script.ts";

/** Milliseconds between two looks at a job that is over any moment, and before a person is told what it waits for. */
const STATE_INTERVAL_MS = 500;
const REMARK_AFTER_MS = 3_000;
/** How long a job that is stopped may take, some more than Ray's own patience with it. Milliseconds. */
const STOP_PATIENCE_MS = 15_000;
/** A job that is still pending is stopped when Ray gets to it; that is not waited for any longer. Milliseconds. */
const PENDING_STOP_PATIENCE_MS = 3_000;
/** How long the state of a job whose log has ended may lag behind. Milliseconds. */
const STATE_PATIENCE_MS = 10_000;
/** Lines that wait for a reader of the events; a script that prints more waits, in the cluster's log. */
const MOST_LINES = 1_000;
const INTERRUPTED: JobExit = { code: 128 + constants.signals.SIGINT, stopped: true };

/**
 * A run of a Python script as a Ray job: its events, of which the last is `run-finished` with the exit code, unless
 * the run was detached or left. It starts with the first event that is read; a reader that stops reading stops it.
 */
export interface ClusterRun extends AsyncIterable<RunEvent> {
  /** The run's id, which is the job's submission id too. */
  readonly id: string;
}

/**
 * Runs an ordinary Python script on a Ray cluster: its folder and Duet's wiring are sent, Ray builds its environment,
 * and the cluster's part of Duet (`python/duet/script/job_runner.py`) runs it there. What goes wrong is told by
 * `diagnostic` events; nothing is thrown but bugs. A connection that is lost for good leaves the job running.
 */
export function runOnCluster(options: ClusterRunOptions): ClusterRun {
  return new Run(options);
}

class Run implements ClusterRun {
  readonly id = newRunId();
  readonly #options: ClusterRunOptions;
  readonly #queue = new EventQueue<RunEvent>();
  readonly #events: ScriptEvents;
  readonly #unread = new AbortController();
  readonly #stop: AbortSignal;

  constructor(options: ClusterRunOptions) {
    this.#options = options;
    this.#stop = anyOf(options.signal, this.#unread.signal);
    this.#events = new ScriptEvents(options.script, (event) => {
      this.#emit(event);
    });
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<RunEvent, void, undefined> {
    const done = this.#carryOut().finally(() => {
      this.#queue.close();
    });
    // A bug is thrown to the reader when the stream has ended.
    done.catch(() => undefined);
    try {
      yield* this.#queue;
    } finally {
      this.#unread.abort(new Error("nobody reads the run's events any more"));
      await done;
    }
  }

  async #carryOut(): Promise<void> {
    const start = performance.now();
    this.#emit({ type: "run-started", file: this.#options.script });
    const exit = await this.#run();
    if (exit === undefined) return;
    this.#events.end(Date.now());
    const stopped = exit.stopped || this.#stop.aborted;
    this.#emit({
      type: "run-finished",
      outcome: stopped ? "cancelled" : exit.code === 0 ? "succeeded" : "failed",
      duration: performance.now() - start,
      engines: this.#events.clock.times,
      exitCode: exit.code,
    });
  }

  /** Undefined when the job goes on without us. */
  async #run(): Promise<JobExit | undefined> {
    await using jobs = new RayJobs(this.#options.cluster.jobs);
    try {
      const runtimeEnv = await this.#submit(jobs);
      if (this.#options.detach === true) return undefined;
      const exit = await this.#follow(jobs, runtimeEnv);
      if (exit !== undefined) this.#tellKilled(exit);
      return exit;
    } catch (error) {
      const failure = failureOf(error);
      if (this.#stop.aborted)
        return (await this.#wasTaken(jobs)) ? await this.#follow(jobs, {}) : INTERRUPTED;
      if (failure === undefined) throw error;
      const { code, message, help, file, line = 1 } = failure;
      this.#events.diagnose(
        code,
        message,
        help,
        file === undefined ? this.#events.span : this.#events.place(file, line),
      );
      return { code: failure.exitCode, stopped: false };
    }
  }

  /** Gives the environment that Ray is to build. */
  async #submit(jobs: RayJobs): Promise<Readonly<Record<string, unknown>>> {
    const detail = `Ray job ${this.id} on ${jobs.url}`;
    this.#emit({ type: "engine", engine: "ray", state: "starting", detail });
    const note = (text: string): void => {
      this.#events.note(text);
    };
    const runtimeEnv = await prepareForCluster(this.#options, jobs, note, this.#stop);
    await submitScript(jobs, this.#options, { run: this.id, runtimeEnv }, this.#stop);
    return runtimeEnv;
  }

  /** Whether the request to start the job arrived although it was broken off. */
  async #wasTaken(jobs: RayJobs): Promise<boolean> {
    try {
      await jobs.get(this.id);
      return true;
    } catch (error) {
      if (error instanceof RayJobsError) return false;
      throw error;
    }
  }

  /** Reads the job's log until the script has ended; undefined when it was left, or lost from sight. */
  async #follow(jobs: RayJobs, runtimeEnv: Readonly<Record<string, unknown>>): Promise<JobExit | undefined> {
    const { leave } = this.#options;
    const lines = this.#lines();
    const reader = this.#reader(lines);
    const over = new AbortController();
    const end = anyOf(leave, over.signal);
    const stopping = whenAborted(this.#stop, end, async () => {
      const patience = reader.begun ? STOP_PATIENCE_MS : PENDING_STOP_PATIENCE_MS;
      if (isOver(await jobs.stop(this.id, { patience }))) return;
      this.#events.note("the job is still being prepared; Ray ends it as soon as it would start");
      over.abort();
    });
    // Looked at again at the end.
    stopping.catch(() => undefined);
    const remarking = this.#remark(reader, runtimeEnv, end);
    try {
      const onLost = ({ message }: RayJobsError): void => {
        this.#events.note(`${message}; the job goes on, trying again …`);
      };
      await reader.read(jobs.log(this.id, { follow: true, signal: end, onLost }));
      return reader.exit ?? (await this.#unannounced(jobs, reader));
    } catch (error) {
      if (leave?.aborted === true) return undefined;
      if (over.signal.aborted) return INTERRUPTED;
      if (!(error instanceof RayJobsError) || error.code !== "jobs-unreachable") throw error;
      this.#events.diagnose(
        error.code,
        error.message,
        `the job goes on; \`duet logs -f ${this.id}\` comes back to it`,
      );
      return undefined;
    } finally {
      over.abort();
      await lines.end();
      await Promise.all([stopping, remarking]);
    }
  }

  #lines(): OutputLines {
    return new OutputLines(async (stream, text) => {
      this.#emit({ type: "log", stream, text });
      await this.#queue.room(MOST_LINES);
    });
  }

  #reader(lines: OutputLines): JobLogReader {
    const { script, folder, workingDirectory, onOutput } = this.#options;
    const target = {
      onOutput: onOutput ?? ((stream: "stdout" | "stderr", bytes: Uint8Array) => lines.write(stream, bytes)),
      onBegin: (python: string) => {
        const detail = `Ray job ${this.id}, Python ${python}`;
        this.#emit({ type: "engine", engine: "ray", state: "ready", detail });
      },
      onMessage: this.#events.message.bind(this.#events),
      onTask: this.#events.rayTask.bind(this.#events),
    };
    return new JobLogReader(
      target,
      resolve(workingDirectory, folder ?? dirname(resolve(workingDirectory, script))),
    );
  }

  /** How a job ended that had no time to say so itself: it was killed, or it never began. */
  async #unannounced(jobs: RayJobs, reader: JobLogReader): Promise<JobExit> {
    const deadline = performance.now() + STATE_PATIENCE_MS;
    let job = await jobs.get(this.id);
    while (!isOver(job) && performance.now() < deadline) {
      await sleep(STATE_INTERVAL_MS);
      job = await jobs.get(this.id);
    }
    if (job.state === "STOPPED") return INTERRUPTED;
    if (!reader.begun) throw startFailure(job, reader.preamble);
    this.#events.diagnose("job-lost", `the job ended before the script: ${job.message.split("\n")[0] ?? ""}`);
    return { code: job.exitCode ?? 128 + constants.signals.SIGKILL, stopped: false };
  }

  /** Tells what a job waits for that does not begin at once. */
  async #remark(
    reader: JobLogReader,
    runtimeEnv: Readonly<Record<string, unknown>>,
    end: AbortSignal,
  ): Promise<void> {
    try {
      await sleep(REMARK_AFTER_MS, undefined, { signal: end });
      if (reader.begun) return;
      const builds = ["uv", "pip", "conda"].some((kind) => kind in runtimeEnv);
      const what = builds ? "the cluster builds the script's environment" : "it waits for the cluster";
      this.#emit({ type: "engine", engine: "ray", state: "starting", detail: `Ray job ${this.id}: ${what}` });
    } catch (error) {
      if (!end.aborted) throw error;
    }
  }

  #tellKilled({ code, stopped }: JobExit): void {
    if (stopped || this.#stop.aborted) return;
    const signal = Object.entries(constants.signals).find(([, number]) => code === 128 + number)?.[0];
    if (signal === undefined) return;
    const { message, help } = killedBy(signal as NodeJS.Signals);
    this.#events.diagnose("script-killed", message, help);
  }

  #emit(event: EventBody): void {
    this.#queue.push({ ...event, run: this.id, time: Date.now() });
  }
}

/** Does something when one signal is aborted, unless the other one is before; resolves when that is settled. */
async function whenAborted(
  signal: AbortSignal,
  otherwise: AbortSignal,
  work: () => Promise<unknown>,
): Promise<void> {
  const either = AbortSignal.any([signal, otherwise]);
  if (!either.aborted) {
    await new Promise((done) => {
      either.addEventListener("abort", done, { once: true });
    });
  }
  if (signal.aborted && !otherwise.aborted) await work();
}

const anyOf = (...signals: readonly (AbortSignal | undefined)[]): AbortSignal =>
  AbortSignal.any(signals.filter((signal) => signal !== undefined));
