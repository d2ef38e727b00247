import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** Passes each connection on to one of its targets that takes it, in turn; as what stands before replicas does. */
export interface LoadBalancer extends AsyncDisposable {
  readonly port: number;
}

/** Starts a balancer for ports of this machine. */
export async function startLoadBalancer(targets: readonly number[]): Promise<LoadBalancer> {
  const sockets = new Set<Socket>();
  let next = 0;
  const pass = async (client: Socket) => {
    sockets.add(client);
    client.on("error", () => undefined);
    client.once("close", () => sockets.delete(client));
    const turn = (next += 1);
    for (let index = 0; index < targets.length; index += 1) {
      const target = await tryConnect(targets[(turn + index) % targets.length] ?? 0);
      if (target === undefined) continue;
      client.once("close", () => target.destroy());
      target.once("close", () => client.destroy());
      client.pipe(target).pipe(client);
      return;
    }
    client.destroy();
  };
  const server = createServer({ noDelay: true }, (client) => void pass(client)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    [Symbol.asyncDispose]: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}

async function tryConnect(port: number): Promise<Socket | undefined> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  socket.on("error", () => undefined);
  const { promise, resolve } = Promise.withResolvers<Socket | undefined>();
  socket.once("connect", () => {
    resolve(socket);
  });
  socket.once("close", () => {
    resolve(undefined);
  });
  return promise;
}
