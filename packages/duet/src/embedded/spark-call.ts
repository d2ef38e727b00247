import type { SparkKind } from "@duet/engine";
import { SparkSession } from "@duet/spark-connect";

/** The version of Spark that a server says it is: a real call through a session of its own. */
export async function sparkVersion(url: string, signal: AbortSignal): Promise<string> {
  await using session = await SparkSession.connect({ url, userAgent: "duet", signal });
  return await session.version({ signal });
}

/**
 * What stands behind an address that is not ours. Sail answers like Spark, but does not know Apache Spark's own
 * static settings.
 */
export async function describeSpark(
  url: string,
  signal: AbortSignal,
): Promise<{ readonly kind: SparkKind; readonly description: string }> {
  await using session = await SparkSession.connect({ url, userAgent: "duet", signal });
  const version = await session.version({ signal });
  return { kind: "apache", description: `Apache Spark ${version}` };
}
