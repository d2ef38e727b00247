import type { ScriptCluster, ScriptSpark } from "@duet/python-script";
import { type Profile, sparkConnectUrl } from "./profile.ts";

/** A Spark that does not answer here in this time is left for the cluster to reach. Milliseconds. */
const SPARK_PATIENCE_MS = 3_000;

/** The cluster of a profile whose `ray.jobs` is there, as a script's run takes it. */
export async function scriptCluster(profile: Profile, signal: AbortSignal): Promise<ScriptCluster> {
  const { ray, lake } = profile;
  if (ray?.jobs === undefined) throw new Error(`the profile ${profile.name} has no cluster for scripts`);
  const spark = await clusterSpark(profile, signal);
  return {
    profile: profile.name,
    jobs: { url: ray.jobs, ...(ray.token === undefined ? {} : { token: ray.token }) },
    ...(spark === undefined ? {} : { spark }),
    ...(lake === undefined ? {} : { lake }),
    ...(ray.python === undefined ? {} : { python: ray.python }),
    ...(ray.pyspark === undefined ? {} : { pyspark: ray.pyspark }),
  };
}

/** Which Spark stands behind the profile's address. One that only the cluster reaches is most likely Apache's. */
async function clusterSpark({ spark }: Profile, signal: AbortSignal): Promise<ScriptSpark | undefined> {
  if (spark.kind !== "remote") return undefined;
  const { url, token, authorities } = spark;
  const { describeSpark } = await import("../embedded/spark-call.ts");
  const patience = AbortSignal.any([signal, AbortSignal.timeout(SPARK_PATIENCE_MS)]);
  const found = await describeSpark(sparkConnectUrl(spark), patience, authorities).catch(() => undefined);
  signal.throwIfAborted();
  return {
    ...{ kind: found?.kind ?? "apache", url },
    ...(token === undefined ? {} : { token }),
    ...(authorities === undefined ? {} : { authorities }),
  };
}
