import { DriverPool } from "./drivers/pool.ts";
import type { WatchOptions } from "./drivers/supervise.ts";
import { GatewayEvents } from "./events.ts";
import { checkExposure } from "./identity/exposure.ts";
import { GatewayServer, type ServerOptions } from "./proxy/gateway-server.ts";
import { passThrough, type PassThroughOptions } from "./proxy/pass-through.ts";
import { type SessionOptions, SessionRouter } from "./sessions/session-router.ts";
import type { Session } from "./sessions/router-session.ts";

/** How a gateway listens, keeps sessions and watches drivers. Times are milliseconds. */
export interface GatewayOptions extends ServerOptions, PassThroughOptions, SessionOptions {
  readonly watch?: Partial<WatchOptions>;
}

/** One address for a pool of drivers. Disposing of it ends its calls, and the drivers that it has started. */
export interface Gateway extends AsyncDisposable {
  /** `sc://127.0.0.1:15002`, with TLS `sc://127.0.0.1:15002/;use_ssl=true` */
  readonly url: string;
  /** Drivers are added to it, drained, and seen in it. */
  readonly pool: DriverPool;
  /** What happens, for logs, metrics and the audit trail. */
  readonly events: GatewayEvents;
  /** The sessions of now, a snapshot. */
  readonly sessions: readonly Session[];
}

/**
 * Starts a gateway without drivers; rejects when its port is taken.
 * @throws {RangeError} when others than this machine could reach it, and not be asked who they are.
 */
export async function startGateway(options: GatewayOptions = {}): Promise<Gateway> {
  checkExposure(options.host ?? "127.0.0.1", options.tls, {});
  await using started = new AsyncDisposableStack();
  const events = new GatewayEvents();
  const pool = started.use(new DriverPool(options.watch));
  started.use(tellDriverChanges(pool, events));
  const router = started.use(new SessionRouter(pool, options));
  const server = started.use(
    await GatewayServer.listen(
      (client, headers) => passThrough(client, headers, router, options.largestRequest),
      options,
      {
        refused: (address, reason) => {
          events.emit({ type: "connection-refused", address, reason });
        },
        reread: (file, error) => {
          events.emit({ type: "credentials-read", file, error });
        },
      },
    ),
  );
  const { host, port } = server.address;
  const all = started.move();
  return {
    url: `sc://${host.includes(":") ? `[${host}]` : host}:${port}${options.tls === undefined ? "" : "/;use_ssl=true"}`,
    pool,
    events,
    get sessions() {
      return router.sessions;
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

function tellDriverChanges(pool: DriverPool, events: GatewayEvents): Disposable {
  return pool.listen(({ driver, before }) => {
    const { id: driverId, state, lostBecause: reason } = driver;
    if (state !== before) events.emit({ type: "driver-changed", driverId, before, state, reason });
  });
}
