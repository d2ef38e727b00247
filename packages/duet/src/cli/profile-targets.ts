import type { RayTarget, SparkTarget } from "../embedded/targets.ts";
import { type Profile, sparkConnectUrl } from "../profiles/profile.ts";
import { ProfileError } from "../profiles/profile-error.ts";
import { parseRayTarget, parseScriptSpark, parseSparkTarget, type ScriptSparkTarget } from "./targets.ts";

/** The options of `duet run` that say where it runs. */
export interface TargetFlags {
  readonly spark?: string;
  readonly ray?: string;
}

/** The Spark of a profile. */
function profileSpark({ spark }: Profile): SparkTarget {
  if (spark.kind !== "remote") return spark;
  const { authorities } = spark;
  return {
    ...{ kind: "remote", url: sparkConnectUrl(spark) },
    ...(authorities === undefined ? {} : { authorities }),
  };
}

/** The engines of an MLSQL script: what the command line names, else the profile's. @throws {UsageError} */
export function mlsqlTargets(flags: TargetFlags, profile: Profile): { spark: SparkTarget; ray: RayTarget } {
  return {
    spark: flags.spark === undefined ? profileSpark(profile) : parseSparkTarget(flags.spark),
    ray: flags.ray === undefined ? profileBridge(profile) : parseRayTarget(flags.ray),
  };
}

function profileBridge({ name, file, ray }: Profile): RayTarget {
  if (ray === undefined) return { kind: "local" };
  if (ray.bridge !== undefined) return { kind: "remote", ...ray.bridge };
  throw new ProfileError(
    "profile-incomplete",
    `${file ?? "duet.toml"}: the profile ${name} has no bridge, through which MLSQL scripts reach its Ray`,
    `add it: [profiles.${name}.ray] bridge = "http://host:port", bridge-token-env = "…"; or use --ray local`,
  );
}

/** Where a Python script runs: on the profile's cluster, or here with these engines. */
export type ScriptPlace =
  | { readonly kind: "cluster" }
  | {
      readonly kind: "here";
      /** Undefined: Sail, or a classic driver for a script that needs one. */
      readonly spark: ScriptSparkTarget | undefined;
      readonly ray: RayTarget | { readonly kind: "profile" };
    };

/**
 * A Python script runs on the profile's Ray cluster where there is one, unless `--here` or another Ray is asked for.
 * @throws {UsageError}
 */
export function scriptPlace(flags: TargetFlags & { readonly here?: true }, profile: Profile): ScriptPlace {
  const { ray, spark, name, file } = profile;
  const wanted =
    flags.spark === undefined
      ? // The embedded default is left open: a script that needs a classic driver gets one.
        spark.kind === "sail"
        ? undefined
        : profileSpark(profile)
      : parseScriptSpark(flags.spark);
  if (flags.ray !== undefined) return { kind: "here", spark: wanted, ray: parseRayTarget(flags.ray) };
  if (ray === undefined) return { kind: "here", spark: wanted, ray: { kind: "local" } };
  if (flags.here === true) return { kind: "here", spark: wanted, ray: { kind: "profile" } };
  if (ray.jobs !== undefined) return { kind: "cluster" };
  throw new ProfileError(
    "profile-incomplete",
    `${file ?? "duet.toml"}: the profile ${name} does not say where Ray's Jobs API is`,
    `add it: [profiles.${name}.ray] jobs = "http://head:8265"; or run the script here against its Ray: --here`,
  );
}
