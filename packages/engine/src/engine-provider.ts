/** Which Spark stands behind the address: they differ in what they can do (see `spark-dialect.ts`). */
export type SparkKind = "sail" | "apache";

/** Where a Spark Connect server answers. */
export interface SparkAddress {
  /** `sc://host:port` */
  readonly url: string;
  /** Certificates of the authorities to trust, as PEM; those of the machine where there are none. */
  readonly authorities?: string;
  readonly kind: SparkKind;
  /**
   * Who keeps the tables: `duet` (the default) makes its durable tables known to each session, because the
   * driver forgets its own; with `driver` the driver has a lasting catalogue, such as a Hive metastore.
   */
  readonly catalog?: "duet" | "driver";
  /** For people: `Sail 0.7.2`, `Apache Spark 4.3.0`. */
  readonly description: string;
}

/** Where a bridge to Ray answers. */
export interface RayAddress {
  /** `http://host:port` */
  readonly url: string;
  /** Goes with every call. */
  readonly token: string;
  /** `host:port` of Ray's control service (GCS): what a Ray driver of its own connects to. */
  readonly gcsAddress: string;
  /** The file with Ray's own token, on this machine, of an embedded Ray. */
  readonly tokenPath?: string;
  /** For people: `Ray 2.60.0, 2 CPUs`. */
  readonly description: string;
}

/**
 * Gives a run its two engines. Each is started at the first call and kept; a provider of embedded engines ends
 * what it started when it is disposed. Both calls reject with the signal's reason when it is aborted.
 */
export interface EngineProvider extends AsyncDisposable {
  spark(signal: AbortSignal): Promise<SparkAddress>;
  ray(signal: AbortSignal): Promise<RayAddress>;
  /** Which Spark the run will get, where that is known before it is started; what it lacks is found before the run. */
  readonly sparkKind?: SparkKind | undefined;
  /**
   * The logical resources of each Ray node (`{ CPU: 2, GPU: 1 }`), where they are known without starting Ray; tasks
   * that no node can hold are found before the run. `undefined` where only a running Ray knows.
   */
  rayResources?(signal: AbortSignal): Promise<readonly Readonly<Record<string, number>>[] | undefined>;
}
