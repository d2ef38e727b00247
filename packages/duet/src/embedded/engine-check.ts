import type { EngineRecord } from "./engine-record.ts";

/** A warm engine that needs longer than this for the simplest call is as good as gone. Milliseconds. */
const ANSWER_TIMEOUT_MS = 5_000;

/** Whether a warm engine answers a real call, not just an open port. */
export async function isAnswering(
  record: Pick<EngineRecord, "name" | "url" | "token" | "adminUrl">,
  signal: AbortSignal,
): Promise<boolean> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]);
  try {
    if (record.name === "ray") {
      const { connectRay } = await import("@duet/ray");
      await using client = await connectRay({ url: record.url, token: record.token ?? "", signal: limited });
      return client.cluster.nodes.length > 0;
    }
    if (record.name === "gateway") {
      const { isReady } = await import("./gateway.ts");
      return record.adminUrl !== undefined && (await isReady(record.adminUrl, limited));
    }
    const { sparkVersion } = await import("./spark-call.ts");
    return (await sparkVersion(record.url, limited)) !== "";
  } catch {
    signal.throwIfAborted();
    // Whatever went wrong, the answer to the question is no; a run then starts an engine of its own.
    return false;
  }
}
