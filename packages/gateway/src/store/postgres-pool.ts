import { type ClientConfig, Pool, TypeOverrides, types } from "pg";

/** Connections for statements; one more, for locks, is beside them. */
const CONNECTIONS = 5;

/** Milliseconds after which a server that does not answer counts as not reachable. */
const CONNECT_TIMEOUT = 3_000;

const QUERY_TIMEOUT = 5_000;

/** How the gateway connects: it gives up on a server that does not answer, and lets the server notice its own end. */
export function connectionConfig(url: string): ClientConfig {
  return {
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT,
    query_timeout: QUERY_TIMEOUT,
    keepAlive: true,
    application_name: "duet-gateway",
    // Or the server keeps the locks of a machine that was switched off for two hours.
    options: "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3",
    types: typeParsers(),
    // With it a statement that gets no answer in time ends its connection, which would serve nobody any more.
    pipeline: true,
  };
}

/** A pool of connections in which none stays that has failed. */
export function postgresPool(url: string): Pool {
  const pool = new Pool({ ...connectionConfig(url), max: CONNECTIONS });
  // Who uses a connection hears of its end by its statement; nobody need hear of an idle one's.
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));
  return pool;
}

function typeParsers(): TypeOverrides {
  const parsers = new TypeOverrides();
  // Versions, sizes and times fit a number.
  parsers.setTypeParser(types.builtins.INT8, Number);
  return parsers;
}
