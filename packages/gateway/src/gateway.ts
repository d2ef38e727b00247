import { DriverPool } from "./drivers/pool.ts";
import type { WatchOptions } from "./drivers/supervise.ts";
import { GatewayEvents } from "./events.ts";
import { type AccessOptions, openIdentity } from "./identity/open-identity.ts";
import { artifactSummary, summarize } from "./journal/summarize.ts";
import { OperationBook } from "./operations/operation-book.ts";
import { VanishedClients } from "./operations/vanished-clients.ts";
import { GatewayServer, type ServerOptions } from "./proxy/gateway-server.ts";
import { passThrough, type PassThroughOptions } from "./proxy/pass-through.ts";
import { type SessionOptions, Sessions } from "./sessions/sessions.ts";
import type { SessionReport } from "./sessions/session-report.ts";
import { openStore, type StoreOptions } from "./store/open-store.ts";
import type { SessionStore } from "./store/session-store.ts";

/** How a gateway listens, keeps sessions and watches drivers. Times are milliseconds. */
export interface GatewayOptions extends ServerOptions, PassThroughOptions, SessionOptions, AccessOptions {
  /** Where sessions are kept; by default in memory. */
  readonly store?: StoreOptions;
  /** For how long a client may take up again an operation that it has left, before that is interrupted; by default 60 s. */
  readonly reattachWithin?: number;
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
  /** What outlives the gateway. */
  readonly store: SessionStore;
  /** The sessions of now, a snapshot. */
  readonly sessions: readonly SessionReport[];
}

/**
 * Starts a gateway without drivers; rejects when its port is taken.
 * @throws {RangeError} when others than this machine could reach it, and not be asked who they are.
 */
export async function startGateway(options: GatewayOptions = {}): Promise<Gateway> {
  await using started = new AsyncDisposableStack();
  const events = new GatewayEvents();
  const pool = started.use(new DriverPool(options.watch));
  started.use(tellDriverChanges(pool, events));
  const store = started.use(await openStore(options.store ?? { type: "memory" }));
  const { authenticator, limits } = started.use(await openIdentity(options, events));
  const directory = started.use(await Sessions.open({ pool, store, limits, events }, options));
  const operations = new OperationBook(events);
  const vanished = started.use(new VanishedClients(operations, store, options.reattachWithin));
  const services = {
    ...{ authenticator, limits, directory, operations, vanished, ledger: store, events },
    ...{ summarize, summarizeArtifacts: artifactSummary },
  };
  const server = started.use(
    await GatewayServer.listen(
      (client, headers, peer) => passThrough(client, headers, peer, services, options),
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
    store,
    get sessions() {
      return directory.report();
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
