import type { RayAddress, SparkAddress } from "@duet/engine";
import { connectRay, RayError } from "@duet/ray";
import { SparkConnectError } from "@duet/spark-connect";
import { EngineStartError } from "./engine-start-error.ts";
import { describeSpark } from "./spark-call.ts";

/** Asks a Spark Connect server that is not ours what it is. @throws {EngineStartError} when it does not answer */
export async function reachSpark(
  url: string,
  signal: AbortSignal,
  authorities?: string,
): Promise<SparkAddress> {
  try {
    const found = await describeSpark(url, signal, authorities);
    return { url, ...(authorities === undefined ? {} : { authorities }), ...found };
  } catch (cause) {
    if (!(cause instanceof SparkConnectError)) throw cause;
    const help = "check the address of --spark and whether the server runs";
    throw new EngineStartError({ code: cause.code, message: cause.rawMessage, help, cause });
  }
}

/** Asks a bridge that is not ours what it is. @throws {EngineStartError} when it does not answer */
export async function reachRay(url: string, token: string, signal: AbortSignal): Promise<RayAddress> {
  try {
    await using client = await connectRay({ url, token, signal });
    const { rayVersion, gcsAddress } = client.cluster;
    return { url, token, gcsAddress, description: `Ray ${rayVersion} at ${url}` };
  } catch (cause) {
    if (!(cause instanceof RayError)) throw cause;
    const help = "check the address of --ray, the token in DUET_RAY_TOKEN and whether the bridge runs";
    throw new EngineStartError({ code: cause.code, message: cause.message, help, cause });
  }
}
