import type { EngineProvider, RayAddress, SparkAddress } from "@duet/engine";
import { isAnswering } from "./engine-check.ts";
import { type EngineRecordName, livingRecord } from "./engine-record.ts";
import { EngineStartError } from "./engine-start-error.ts";
import { embeddedRayResources } from "./ray-resources.ts";
import { fitsSize, sizeOf } from "./ray-size.ts";
import { RunDirectory } from "./run-directory.ts";
import { startEngine } from "./start-engine.ts";
import type { StartedEngine } from "./started-engine.ts";
import type { RaySize, RayTarget, SparkTarget } from "./targets.ts";

/** Which engines a run gets. */
export interface EmbeddedEnginesOptions extends RaySize {
  /** `$DUET_HOME` */
  readonly home: string;
  readonly spark: SparkTarget;
  readonly ray: RayTarget;
}

/**
 * Gives a run its engines: those that `duet up` keeps warm where they answer, else engines of its own on free
 * ports of 127.0.0.1, which end when it is disposed or when this process ends, however it ends.
 */
export class EmbeddedEngines implements EngineProvider {
  readonly #options: EmbeddedEnginesOptions;
  readonly #disposed = new AbortController();
  readonly #started = new Set<StartedEngine>();
  #directory: Promise<RunDirectory> | undefined;
  #spark: Promise<SparkAddress> | undefined;
  #ray: Promise<RayAddress> | undefined;
  #failure: EngineStartError | undefined;
  #end: Promise<void> | undefined;

  constructor(options: EmbeddedEnginesOptions) {
    this.#options = options;
  }

  /** Why an engine could not be started, for messages after the run. */
  get failure(): EngineStartError | undefined {
    return this.#failure;
  }

  /**
   * Starts Spark before a run asks for it, and resolves as soon as its process is under way. Loading a program's own
   * modules keeps the event loop busy: begun before that, the start goes on beside it. What goes wrong is told to
   * the run that asks for Spark.
   */
  async prepare(): Promise<void> {
    const underWay = Promise.withResolvers<undefined>();
    const begun = (): void => {
      underWay.resolve(undefined);
    };
    this.#spark ??= this.#findSpark(begun);
    this.#spark.then(begun, begun);
    await underWay.promise;
  }

  spark(signal: AbortSignal): Promise<SparkAddress> {
    this.#spark ??= this.#findSpark();
    return orAborted(this.#spark, signal);
  }

  ray(signal: AbortSignal): Promise<RayAddress> {
    this.#ray ??= this.#findRay();
    return orAborted(this.#ray, signal);
  }

  get sparkKind(): "sail" | "apache" | undefined {
    const { kind } = this.#options.spark;
    return kind === "remote" ? undefined : kind;
  }

  async rayResources(): Promise<readonly Readonly<Record<string, number>>[] | undefined> {
    if (this.#options.ray.kind === "remote") return undefined;
    const warm = await livingRecord(this.#options.home, "ray");
    return [await embeddedRayResources(warm?.ready === true && this.#fits(warm) ? warm : this.#options)];
  }

  /** Kills what was started, at once and without waiting. */
  kill(): void {
    this.#disposed.abort(new Error("the engines have been ended"));
    for (const engine of this.#started) engine.kill();
  }

  /** Ends what was started; further calls wait for the same end. */
  [Symbol.asyncDispose](): Promise<void> {
    return (this.#end ??= this.#endAll());
  }

  async #endAll(): Promise<void> {
    this.#disposed.abort(new Error("the engines have been ended"));
    await Promise.allSettled([this.#spark, this.#ray]);
    const ends = await Promise.allSettled([...this.#started].map((engine) => engine[Symbol.asyncDispose]()));
    await (await this.#directory)?.[Symbol.asyncDispose]();
    const failures = ends.filter((end) => end.status === "rejected").map((end): unknown => end.reason);
    if (failures.length > 0) throw new AggregateError(failures, "an embedded engine could not be ended");
  }

  async #findSpark(begun?: () => void): Promise<SparkAddress> {
    const { spark } = this.#options;
    if (spark.kind === "remote") {
      const { reachSpark } = await import("./remote-engines.ts");
      return this.#remembering(reachSpark(spark.url, this.#disposed.signal, spark.authorities));
    }
    const engine = await this.#find(spark.kind, begun);
    return { url: engine.url, kind: spark.kind, description: engine.description };
  }

  async #findRay(): Promise<RayAddress> {
    const { ray } = this.#options;
    if (ray.kind === "remote") {
      const { reachRay } = await import("./remote-engines.ts");
      return this.#remembering(reachRay(ray.url, ray.token, this.#disposed.signal));
    }
    const { url, token, gcsAddress, tokenPath, description } = await this.#find("ray");
    if (token === undefined || gcsAddress === undefined)
      throw new Error("the bridge to Ray is not described");
    return { url, token, gcsAddress, description, ...(tokenPath === undefined ? {} : { tokenPath }) };
  }

  async #find(
    name: EngineRecordName,
    begun?: () => void,
  ): Promise<Pick<StartedEngine, "url" | "token" | "gcsAddress" | "tokenPath" | "description">> {
    const { home } = this.#options;
    // A gateway with drivers of this kind is as good as one of them.
    const gateway = name === "ray" ? undefined : await livingRecord(home, "gateway");
    const warm = gateway?.spark === name ? gateway : await livingRecord(home, name);
    const fits = warm?.ready === true && (name !== "ray" || this.#fits(warm));
    if (fits) begun?.();
    if (fits && (await isAnswering(warm, this.#disposed.signal))) return warm;
    this.#disposed.signal.throwIfAborted();
    return this.#remembering(this.#start(name, begun));
  }

  async #start(name: EngineRecordName, begun: (() => void) | undefined): Promise<StartedEngine> {
    const { home } = this.#options;
    const directory = await (this.#directory ??= RunDirectory.make(home));
    const engine = await startEngine(
      name,
      {
        ...{ home, directory: directory.path, lifetime: "parent", signal: this.#disposed.signal },
        onProcess: () => {
          begun?.();
          return Promise.resolve();
        },
      },
      sizeOf(this.#options),
    );
    this.#started.add(engine);
    return engine;
  }

  /** Keeps the reason why there is no engine for {@link failure}. */
  async #remembering<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (error instanceof EngineStartError) this.#failure = error;
      throw error;
    }
  }

  /** A warm Ray fits unless the run asks for other logical resources than it has. */
  #fits(warm: RaySize): boolean {
    return fitsSize(warm, this.#options);
  }
}

/** Waits for a promise, but no longer than until the signal is aborted. */
function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) {
      stop();
      return;
    }
    signal.addEventListener("abort", stop, { once: true });
    promise.then(resolve, reject).finally(() => {
      signal.removeEventListener("abort", stop);
    });
  });
}
