import { setTimeout as sleep } from "node:timers/promises";
import { jobLog, type JobLogOptions } from "./job-log.ts";
import { JobsConnection, type RayJobsAddress } from "./jobs-connection.ts";
import { answerError, RayJobsError } from "./jobs-error.ts";
import { isOver, type RayJob, type RayJobRequest, type RayJobsVersion, readJob } from "./ray-job.ts";

/** Milliseconds between two looks at a job that is being stopped. */
const STOP_INTERVAL_MS = 200;

/**
 * A client of Ray's Jobs API (`/api/jobs`, Ray 2.x), which runs commands on a cluster. Every call rejects with a
 * {@link RayJobsError}.
 */
export class RayJobs implements AsyncDisposable {
  readonly url: string;
  readonly #connection: JobsConnection;

  constructor(address: RayJobsAddress) {
    this.url = address.url;
    this.#connection = new JobsConnection(address);
  }

  /** What answers there. */
  async version(signal?: AbortSignal): Promise<RayJobsVersion> {
    const answer = await this.#connection.json({ method: "GET", path: "api/v0/cluster_metadata", signal });
    const { rayVersion, pythonVersion } = (answer as { data?: Partial<RayJobsVersion> }).data ?? {};
    if (typeof rayVersion !== "string" || typeof pythonVersion !== "string") {
      throw new RayJobsError({ code: "jobs-not-ray", message: `${this.url} does not say which Ray it is` });
    }
    return { rayVersion, pythonVersion };
  }

  /** Starts a job; resolves as soon as Ray has taken it. */
  async submit(job: RayJobRequest, signal?: AbortSignal): Promise<void> {
    const { id, entrypoint, runtimeEnv, metadata } = job;
    const json = { submission_id: id, entrypoint, runtime_env: runtimeEnv, metadata };
    await this.#connection.json({ method: "POST", path: "api/jobs/", json, signal });
  }

  /** A job by its submission id. @throws {RayJobsError} `job-unknown` */
  async get(id: string, signal?: AbortSignal): Promise<RayJob> {
    const value = await this.#connection.json({ method: "GET", path: jobPath(id), signal });
    const job = readJob(value);
    if (job !== undefined) return job;
    throw new RayJobsError({ code: "job-unknown", message: `${id} was not submitted as a job` });
  }

  /** All submitted jobs that the cluster remembers, newest first. */
  async list(signal?: AbortSignal): Promise<readonly RayJob[]> {
    const values = await this.#connection.json({ method: "GET", path: "api/jobs/", signal });
    if (!Array.isArray(values)) {
      throw new RayJobsError({ code: "jobs-not-ray", message: `${this.url} gives no list of jobs` });
    }
    const jobs = (values as readonly unknown[]).map(readJob).filter((job) => job !== undefined);
    return jobs.toSorted((one, other) => (other.started ?? 0) - (one.started ?? 0));
  }

  /**
   * Asks a job to stop and waits until it is over. A job that is still pending stops only when its environment is
   * ready. Gives the job as it is then; not over where `patience` milliseconds did not suffice.
   */
  async stop(
    id: string,
    options: { readonly patience: number; readonly signal?: AbortSignal },
  ): Promise<RayJob> {
    const { patience, signal } = options;
    const deadline = performance.now() + patience;
    await this.#connection.json({ method: "POST", path: `${jobPath(id)}/stop`, signal });
    for (;;) {
      const job = await this.get(id, signal);
      if (isOver(job) || performance.now() >= deadline) return job;
      await sleep(STOP_INTERVAL_MS, undefined, { signal });
    }
  }

  /** The bytes that a job has printed, stdout and stderr in one. */
  log(id: string, options: JobLogOptions): AsyncGenerator<Uint8Array, void, undefined> {
    return jobLog(this.#connection, (signal) => this.get(id, signal), options);
  }

  /**
   * Makes sure that the cluster has a package (a zip, see `makePackage`) and gives its `gcs://` address. `bytes` is
   * asked for only where it is not there yet. Ray keeps it for ten minutes, and as long as a job uses it.
   */
  async upload(name: string, bytes: () => Promise<Uint8Array>, signal?: AbortSignal): Promise<string> {
    const path = `api/packages/gcs/${name}`;
    const found = await this.#connection.call({ method: "GET", path, signal });
    const text = await this.#connection.text(found, signal);
    if (found.statusCode !== 200) {
      if (found.statusCode !== 404 || !text.startsWith("Package ")) {
        throw answerError(this.url, found.statusCode, text);
      }
      const answer = await this.#connection.call({ method: "PUT", path, bytes: await bytes(), signal });
      const reply = await this.#connection.text(answer, signal);
      if (answer.statusCode !== 200) throw answerError(this.url, answer.statusCode, reply);
    }
    return `gcs://${name}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection[Symbol.asyncDispose]();
  }
}

const jobPath = (id: string): string => `api/jobs/${encodeURIComponent(id)}`;
