import type { SparkKind } from "@duet/engine";
import { SparkSession } from "@duet/spark-connect";

/** The version of Spark that a server says it is: a real call through a session of its own. */
export async function sparkVersion(url: string, signal: AbortSignal): Promise<string> {
  await using session = await SparkSession.connect({ url, userAgent: "duet", signal });
  return await session.version();
}

/**
 * What stands behind an address that is not ours. Sail says that it is a version of Spark, but SQL's `version()`
 * tells its own, where Apache Spark's begins with the same one.
 */
export async function describeSpark(
  url: string,
  signal: AbortSignal,
  authorities?: string,
): Promise<{ readonly kind: SparkKind; readonly description: string }> {
  const trusted = authorities === undefined ? {} : { authorities };
  await using session = await SparkSession.connect({ url, userAgent: "duet", signal, ...trusted });
  const spark = await session.version();
  const [row] = await session.sql("select version() as version").collect({ signal });
  const own = typeof row?.version === "string" ? row.version : "";
  return own.startsWith(spark)
    ? { kind: "apache", description: `Apache Spark ${spark}` }
    : { kind: "sail", description: `Sail ${own}` };
}
