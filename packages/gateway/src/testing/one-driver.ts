import type { Router } from "../proxy/call.ts";
import { DriverConnection } from "../proxy/driver-connection.ts";
import { GatewayServer, type ServerOptions } from "../proxy/gateway-server.ts";
import { passThrough, type PassThroughOptions } from "../proxy/pass-through.ts";

/** The id that drivers see for every session of {@link startGatewayTo}. */
export const DRIVER_SESSION = "dddddddd-dddd-8ddd-8ddd-dddddddddddd";

/** A gateway in front of one driver, without pool and placement. */
export interface OneDriverGateway extends AsyncDisposable {
  readonly port: number;
  /** The statuses of answered calls, in order. */
  readonly answered: readonly number[];
  /** Calls that are on their way. */
  running(): number;
}

/** Starts one; all sessions get the id {@link DRIVER_SESSION}. */
export async function startGatewayTo(
  driver: { readonly host: string; readonly port: number },
  options: ServerOptions & PassThroughOptions = {},
): Promise<OneDriverGateway> {
  const connection = new DriverConnection(driver);
  const answered: number[] = [];
  let running = 0;
  const router: Router = {
    route: (head) => {
      running += 1;
      return Promise.resolve({
        driver: connection,
        requestFields: new Map([[head.method.request.sessionId, Buffer.from(DRIVER_SESSION)]]),
        responseFields: new Map([
          [head.method.response.sessionId, (id) => (id === DRIVER_SESSION ? head.sessionId : id)],
        ]),
        answered: (status) => void answered.push(status),
        [Symbol.dispose]: () => {
          running -= 1;
        },
      });
    },
  };
  const server = await GatewayServer.listen(
    (client, headers) => passThrough(client, headers, router, options.largestRequest),
    options,
  );
  return {
    port: server.address.port,
    answered,
    running: () => running,
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      connection[Symbol.dispose]();
    },
  };
}
