import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { DriverAddress } from "../proxy/driver-connection.ts";

/** A TCP proxy whose connections can fall silent, as when a machine or a router between has gone without a word. */
export interface FreezingProxy extends AsyncDisposable {
  readonly address: DriverAddress;
  /** No byte passes on the connections of now any more, and none is closed; later ones work. */
  freeze(): void;
}

/** Starts one in front of this address. */
export async function startFreezingProxy(target: DriverAddress): Promise<FreezingProxy> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(target.port, target.host);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      // Connections break on purpose here.
      socket.on("error", () => undefined);
      socket.once("close", () => sockets.delete(socket));
    }
    client.pipe(upstream).pipe(client);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    address: { host: "127.0.0.1", port: (server.address() as AddressInfo).port },
    freeze: () => {
      for (const socket of sockets) socket.unpipe().pause();
    },
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
