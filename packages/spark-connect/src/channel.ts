import type { Interceptor, Transport } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { readFileSync } from "node:fs";
import type { Http2Session, SecureClientSessionOptions } from "node:http2";
import type { TcpNetConnectOpts } from "node:net";
import type { ConnectionUrl } from "./connection-url.ts";
import { sparkError } from "./errors.ts";

/** A connection to a server. It is opened by the first call, and again when it was lost. */
export interface Channel {
  readonly transport: Transport;
  /** Ends the connection and all calls on it. */
  close(): void;
}

/**
 * Bytes that a server may send ahead of the reader, for one stream and for the whole connection. HTTP/2's default of
 * 64 KB allows 3 MB/s at 20 ms of distance; on one machine it makes no difference.
 */
const STREAM_WINDOW = 2 * 1024 * 1024;
const CONNECTION_WINDOW = 16 * 1024 * 1024;

/**
 * Servers take messages of up to 128 MB (`spark.connect.grpc.maxInboundMessageSize`). A larger one would make them reset
 * the stream, which looks like a lost connection.
 */
const LARGEST_REQUEST = 128 * 1024 * 1024;

/** Milliseconds of silence before the system checks whether the other side is still there. */
const KEEP_ALIVE_DELAY = 30_000;

/**
 * Opens gRPC over HTTP/2: in clear text (h2c) or over TLS, as the address says.
 *
 * @param authorities - certificates as PEM that are trusted instead of Node's own; by default those of the file that
 *   gRPC's variable names
 * @throws SparkConnectError `invalid-argument` when that cannot be read
 */
export function openChannel(target: ConnectionUrl, authorities?: string): Channel {
  const trusted = target.secure ? (authorities ?? defaultAuthorities()) : undefined;
  const host = target.host.includes(":") ? `[${target.host}]` : target.host;
  const baseUrl = `${target.secure ? "https" : "http"}://${host}:${target.port}`;
  // Node passes the options on to the socket, which its types do not say.
  const options: SecureClientSessionOptions & Pick<TcpNetConnectOpts, "keepAlive" | "keepAliveInitialDelay"> =
    {
      settings: { initialWindowSize: STREAM_WINDOW },
      ...(trusted !== undefined && { ca: trusted }),
      // TCP's own keep-alive, since gRPC servers hang up on clients that ping more often than every five minutes.
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_DELAY,
    };
  const sessionManager = new Http2SessionManager(baseUrl, {}, options);
  return {
    transport: createGrpcTransport({
      baseUrl,
      sessionManager: withWideWindow(sessionManager),
      interceptors: [authenticate(target)],
      // Results are Arrow; gzip on top of it costs both sides more time than it saves.
      acceptCompression: [],
      writeMaxBytes: LARGEST_REQUEST,
    }),
    close: () => {
      sessionManager.abort();
    },
  };
}

function defaultAuthorities(): string | undefined {
  const path = process.env.GRPC_DEFAULT_SSL_ROOTS_FILE_PATH ?? "";
  if (path === "") return undefined;
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const text = `the authorities of GRPC_DEFAULT_SSL_ROOTS_FILE_PATH cannot be read: ${(cause as Error).message}`;
    throw sparkError("invalid-argument", text, { cause });
  }
}

/** Sets what HTTP/2 sessions have no options for, once for each. */
function withWideWindow(manager: Http2SessionManager): SessionManager {
  const prepared = new WeakSet<Http2Session>();
  return {
    authority: manager.authority,
    request: async (method, path, headers, options) => {
      const stream = await manager.request(method, path, headers, options);
      const { session } = stream;
      if (session !== undefined && !prepared.has(session)) {
        prepared.add(session);
        session.setLocalWindowSize(CONNECTION_WINDOW);
        // The manager listens only while it uses a session, and Node ends the process for an error nobody listens to,
        // such as a late one of a server that speaks no HTTP/2. Each call gets the error through its own stream.
        session.on("error", () => undefined);
      }
      return stream;
    },
    notifyResponseByteRead: (stream) => {
      manager.notifyResponseByteRead(stream);
    },
  };
}

function authenticate(target: ConnectionUrl): Interceptor {
  return (next) => (request) => {
    for (const [name, value] of Object.entries(target.headers)) {
      request.header.set(name, value);
    }
    if (target.token !== undefined) {
      request.header.set("authorization", `Bearer ${target.token}`);
    }
    return next(request);
  };
}

type SessionManager = NonNullable<Parameters<typeof createGrpcTransport>[0]["sessionManager"]>;
