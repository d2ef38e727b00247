import type { BridgeAddress } from "./bridge-address.ts";
import type { RayClient } from "./ray-client.ts";

/**
 * Connects to a bridge. The signal counts until the connection stands.
 *
 * @throws RayError `unauthorized`, `bridge-unreachable`
 */
export async function connectRay(address: BridgeAddress): Promise<RayClient> {
  // Loaded here: its HTTP and WebSocket libraries take time that a run without Ray need not spend.
  const { BridgeClient } = await import("./bridge-client.ts");
  const client = new BridgeClient(address);
  try {
    await client.ready(address.signal);
  } catch (error) {
    await client[Symbol.asyncDispose]();
    throw error;
  }
  return client;
}
