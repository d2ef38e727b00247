import { duetHome, ensureHome } from "../embedded/installation.ts";
import { sizeOf } from "../embedded/ray-size.ts";
import type { RaySize, SparkTarget } from "../embedded/targets.ts";
import { keepWarm } from "../embedded/warm-engines.ts";
import { engineEntry, printEngines } from "./engine-list.ts";
import { exitCode } from "./exit-code.ts";
import { Interruption } from "./interruption.ts";
import { UsageError } from "./usage-error.ts";

/** The options of `duet up`. */
export interface UpCommandOptions extends RaySize {
  readonly spark: SparkTarget;
  readonly sparkPort?: number;
  readonly ray: boolean;
  /** Several drivers of this Spark behind one address, in place of one. */
  readonly gateway: boolean;
  readonly json: boolean;
}

/** Starts the engines that are not up yet, side by side, and leaves them running. Gives the exit code. */
export async function upCommand(options: UpCommandOptions): Promise<number> {
  const { spark, sparkPort, ray } = options;
  if (spark.kind === "remote") {
    throw new UsageError(`${spark.url} is not ours to start`, "duet up starts sail or apache");
  }
  using interruption = new Interruption({ onFirst: () => undefined, onForce: () => undefined });
  const { signal } = interruption;
  const home = duetHome();
  await ensureHome(home);
  const port = sparkPort === undefined ? {} : { port: sparkPort };
  const starts = [
    options.gateway
      ? keepWarm({ home, name: "gateway", spark: spark.kind, signal, ...port })
      : keepWarm({ home, name: spark.kind, signal, ...port }),
    ...(ray ? [keepWarm({ home, name: "ray", signal, ...sizeOf(options) })] : []),
  ];
  // All starts come to their end, so that none goes on behind our back when another fails.
  const results = await Promise.allSettled(starts);
  const engines = results.filter((result) => result.status === "fulfilled").map((result) => result.value);
  const failed = results.find((result) => result.status === "rejected");
  if (engines.length > 0) {
    printEngines(
      engines.map(({ record }) => engineEntry(record, "ready")),
      options.json,
      "",
    );
  }
  if (failed !== undefined) throw failed.reason;
  return exitCode.succeeded;
}
