import type { RayAddress, SparkAddress } from "@duet/engine";
import { connectRay, RayError } from "@duet/ray";
import { SparkConnectError, type SparkErrorCode } from "@duet/spark-connect";
import { EngineStartError } from "./engine-start-error.ts";
import { describeSpark } from "./spark-call.ts";

const GENERAL_HELP = "check the address of --spark and whether the server runs";

const HELP: Partial<Record<SparkErrorCode, string>> = {
  unauthenticated: "name the token in the profile: spark = { url = …, token-env = … }, or token-file",
  "permission-denied": "ask whoever runs that Spark",
  "limit-reached": "end what you have open there, or ask whoever runs that Spark",
  "tls-failed":
    "check `use_ssl` in the address; name an authority of your company's own by `ca-file` in the profile",
};

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
    throw new EngineStartError({
      code: cause.code,
      message: cause.rawMessage,
      help: HELP[cause.code] ?? GENERAL_HELP,
      cause,
    });
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
