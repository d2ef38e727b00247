import { join } from "node:path";
import { type Span, Variables } from "@duet/mlsql";
import { connectRay, type RayClient, RayError } from "@duet/ray";
import { SparkSession } from "@duet/spark-connect";
import { Catalog } from "./catalog/catalog.ts";
import type { SparkAddress } from "./engine-provider.ts";
import { EventQueue } from "./event-queue.ts";
import type { Lake } from "./lake/lake.ts";
import { removeUntilGone } from "./lake/remove-until-gone.ts";
import { LocalLake } from "./lake/local-lake.ts";
import type { EngineName, EventBody, RunEvent } from "./run-event.ts";
import { forwardRayEvents } from "./ray-events.ts";
import { newRunId } from "./run-id.ts";
import type { RunScriptOptions } from "./run-options.ts";
import { createTablesOfScript } from "./catalog/session-tables.ts";

/** Spark's own clients try for over ten minutes; a person at a terminal should hear of a lost driver in seconds. */
const RETRIES = 4;

/** Options that a `connect` statement has named for later `load`s. */
export interface Connection {
  readonly format: string;
  readonly options: Readonly<Record<string, string>>;
}

/** Something that lives as long as the run and is ended with it, e.g. a served model. */
export type Cleanup = () => Promise<void>;

/** A Spark session of a run and what stands behind it. */
export interface RunSpark {
  readonly session: SparkSession;
  readonly address: SparkAddress;
}

/**
 * One run of a script: what its statements share. Engines are connected when a statement first needs them.
 * Disposing it ends what the run made for itself: Ray tasks, the Spark session, temporary files.
 */
export class Run implements AsyncDisposable {
  readonly id = newRunId();
  readonly options: RunScriptOptions;
  readonly events = new EventQueue<RunEvent>();
  readonly signal: AbortSignal;
  readonly lake: Lake;
  readonly catalog: Catalog;
  readonly variables: Variables;
  /** The run's temporary files in the lake; removed when the run ends. */
  readonly directory: string;
  /** Texts that `load script` has made tables of, by table name. */
  readonly scripts = new Map<string, { readonly variable: string; readonly text: string }>();
  readonly connections = new Map<string, Connection>();
  /** Names of the tables that the run has made, in the order of their making; the last is shown at the end. */
  readonly tables = new Set<string>();
  /** The text of every file that a span of this run may point into. */
  readonly sources = new Map<string, string>();
  /** Where the value of each variable stands that a `set` has given, for errors inside of it. */
  readonly blocks = new Map<string, Span>();
  /** The steps of the tasks that the run has submitted, by task id. */
  readonly rayTasks = new Map<string, { readonly step: number; readonly group?: number }>();
  /** The statement that runs at this moment, for errors that say no place. */
  currentSpan: Span | undefined;
  /** Whether a step has failed or was cancelled: work of Spark may then still be writing for a moment. */
  failed = false;
  /** What errors call the run's Spark. */
  sparkName = "Spark";
  /** The number that the next step gets. */
  nextStep = 0;
  readonly engineTime = new Map<EngineName, number>();
  #spark: Promise<RunSpark> | undefined;
  #ray: Promise<RayClient> | undefined;
  readonly #cleanups: Cleanup[] = [];

  constructor(options: RunScriptOptions, signal: AbortSignal) {
    this.options = options;
    this.signal = signal;
    this.lake = new LocalLake(options.workingDirectory);
    this.catalog = new Catalog(options.home, this.lake);
    this.variables = new Variables(options.variables ?? {});
    this.directory = join(options.home, "runs", this.id);
    this.sources.set(options.file, options.text);
  }

  /** Puts an event on the run's stream. */
  emit(event: EventBody): void {
    this.events.push({ ...event, run: this.id, time: Date.now() });
  }

  /** The run's Spark session; starts the engine at the first call. */
  spark(): Promise<RunSpark> {
    return (this.#spark ??= this.#startSpark());
  }

  /** The run's Ray client; starts the engine at the first call. */
  ray(): Promise<RayClient> {
    return (this.#ray ??= this.#startRay());
  }

  /** Does something when the run ends; the last that was added is done first. */
  onEnd(cleanup: Cleanup): void {
    this.#cleanups.push(cleanup);
  }

  /** Waits for `work` and counts its time for an engine. */
  async timed<T>(engine: EngineName, work: Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await work;
    } finally {
      this.engineTime.set(engine, (this.engineTime.get(engine) ?? 0) + performance.now() - start);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const failures: unknown[] = [];
    for (const cleanup of this.#cleanups.reverse())
      await cleanup().catch((error: unknown) => failures.push(error));
    const removing = this.failed
      ? removeUntilGone(this.lake, this.directory)
      : this.lake.remove(this.directory);
    await removing.catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw new AggregateError(failures, "the run could not remove all that it made");
  }

  async #startSpark(): Promise<RunSpark> {
    this.emit({ type: "engine", engine: "spark", state: "starting", detail: "Spark" });
    const address = await this.options.engines.spark(this.signal);
    const session = await SparkSession.connect({
      url: address.url,
      ...(address.authorities !== undefined && { authorities: address.authorities }),
      userAgent: "duet",
      signal: this.signal,
      retry: { maxRetries: RETRIES },
    });
    this.onEnd(() => session[Symbol.asyncDispose]());
    // Unknown ${…} stay as written in MLSQL; Spark would put nothing in their place.
    if (address.kind === "apache") {
      await session.conf.set("spark.sql.variable.substitute", "false", { signal: this.signal });
    }
    await createTablesOfScript(this.catalog, session, address.kind, [...this.sources.values()], this.signal);
    this.sparkName = address.kind === "sail" ? "Sail" : "Spark";
    this.emit({ type: "engine", engine: "spark", state: "ready", detail: address.description });
    return { session, address };
  }

  async #startRay(): Promise<RayClient> {
    this.emit({ type: "engine", engine: "ray", state: "starting", detail: "Ray" });
    const address = await this.options.engines.ray(this.signal);
    const client = await connectRay({ url: address.url, token: address.token, signal: this.signal });
    const stop = new AbortController();
    const forwarding = forwardRayEvents(this, client, stop.signal);
    this.onEnd(async () => {
      stop.abort();
      await forwarding;
    });
    this.onEnd(async () => {
      try {
        await client.endRun(this.id);
      } catch (error) {
        // A Ray that is lost has nothing left to end; the step that waited for it has told of the loss.
        if (!(error instanceof RayError && error.code === "ray-lost")) throw error;
      } finally {
        await client[Symbol.asyncDispose]();
      }
    });
    this.emit({ type: "engine", engine: "ray", state: "ready", detail: address.description });
    return client;
  }
}
