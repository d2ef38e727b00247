import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { Socket } from "node:net";

/** Passes a connection on to a server, and cuts it when enough bytes have come back. */
export interface CuttingProxy extends AsyncDisposable {
  readonly url: string;
  /** How often it has cut so far. */
  cuts(): number;
}

/**
 * Starts a proxy whose first connections are cut after so many bytes from the server each; later ones are left alone.
 * A cut is a reset, as when a network fails.
 */
export async function startCuttingProxy(
  serverUrl: string,
  bytesBeforeCut: readonly number[],
): Promise<CuttingProxy> {
  const target = new URL(serverUrl.replace(/^sc:/, "http:"));
  const remaining = [...bytesBeforeCut];
  const sockets = new Set<Socket>();
  let cuts = 0;
  const proxy = createServer((client) => {
    const limit = remaining.shift() ?? Infinity;
    const server = connect(Number(target.port), target.hostname);
    let received = 0;
    server.on("data", (chunk: Buffer) => {
      received += chunk.length;
      if (received > limit && !client.destroyed) {
        cuts += 1;
        client.resetAndDestroy();
        server.destroy();
      }
    });
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(from);
      from.on("error", () => to.destroy());
      from.on("close", () => {
        sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  }).listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const address = proxy.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `sc://127.0.0.1:${port}`,
    cuts: () => cuts,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) {
        socket.destroy();
      }
      proxy.close();
      await once(proxy, "close");
    },
  };
}
