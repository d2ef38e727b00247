import type { Transport } from "@connectrpc/connect";
import type { Interceptor } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import type { ConnectionUrl } from "./connection-url.ts";

/** A connection to a server. It is opened by the first call, and again when it was lost. */
export interface Channel {
  readonly transport: Transport;
  /** Ends the connection and all calls on it. */
  close(): void;
}

/** Opens gRPC over HTTP/2: in clear text (h2c) or over TLS, as the address says. */
export function openChannel(target: ConnectionUrl): Channel {
  const host = target.host.includes(":") ? `[${target.host}]` : target.host;
  const baseUrl = `${target.secure ? "https" : "http"}://${host}:${target.port}`;
  const sessionManager = new Http2SessionManager(baseUrl, {}, {});
  return {
    transport: createGrpcTransport({
      baseUrl,
      sessionManager,
      interceptors: [authenticate(target)],
      // Results are Arrow; gzip on top of it costs both sides more time than it saves.
      acceptCompression: [],
    }),
    close: () => {
      sessionManager.abort();
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
