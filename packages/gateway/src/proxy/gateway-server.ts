import { once } from "node:events";
import type { Http2Server, IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import { createServer } from "node:http2";
import type { AddressInfo, Server, Socket } from "node:net";
import { createServer as createSocketServer } from "node:net";
import type { Server as TlsServer } from "node:tls";
import { isGrpc } from "../grpc/status.ts";
import { type Peer, peerOf } from "../identity/peer.ts";
import { openTls, type TlsOptions } from "../identity/tls.ts";
import type { OnReread } from "../identity/watched-files.ts";
import { accept, acceptEncrypted, SPEAKS } from "./accept.ts";

/** Serves one call; never rejects. */
export type ServeCall = (
  client: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  peer: Peer,
) => Promise<void>;

/** How clients are served. Times are milliseconds, sizes bytes. */
export interface ServerOptions {
  /** By default 127.0.0.1. */
  readonly host?: string;
  /** By default a free one. */
  readonly port?: number;
  /** Encrypts. Calls still come in clear text too, for the authenticator to refuse: it can tell clients why. */
  readonly tls?: TlsOptions;
  /** Milliseconds between two looks at the files of TLS, by default 5,000. */
  readonly certificateCheck?: number;
  /** A client that has been silent for `interval` is pinged, and its connection broken when it says nothing in `timeout`. */
  readonly keepAlive?: { readonly interval: number; readonly timeout: number };
  /** What running calls have when the gateway ends, by default 2,000. */
  readonly endGrace?: number;
}

/** What a server tells besides calls. */
export interface ServerListener {
  /** A connection could be served by nobody. */
  readonly refused?: (address: string, reason: string) => void;
  /** Certificates were read anew. */
  readonly reread?: OnReread;
}

/** Bytes that a client may send ahead, for one call and for all calls of a connection. */
const STREAM_WINDOW = 1024 * 1024;
const CONNECTION_WINDOW = 4 * 1024 * 1024;

/** As the driver's connection: flow control bounds memory, not this. */
const SESSION_MEMORY = 1024;

/** A client may be stopped (Ctrl-Z, a debugger) for a while, so silence is borne with for some time. */
const KEEP_ALIVE = { interval: 60_000, timeout: 60_000 };

/** Milliseconds that running calls have when the server is closed and it is not said. */
const END_GRACE = 2_000;

/** The gateway's listening side: HTTP/2, in TLS or in clear text (h2c). */
export class GatewayServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #http2: Http2Server;
  readonly #tls: ({ readonly server: TlsServer } & Disposable) | undefined;
  readonly #sockets = new Set<Socket>();
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #calls = new Set<Promise<void>>();
  readonly #endGrace: number;

  private constructor(
    serve: ServeCall,
    { keepAlive: { interval, timeout } = KEEP_ALIVE, endGrace = END_GRACE }: ServerOptions,
    { refused = () => undefined }: ServerListener,
    tls: ({ readonly server: TlsServer } & Disposable) | undefined,
  ) {
    this.#tls = tls;
    this.#endGrace = endGrace;
    this.#http2 = createServer({
      settings: { initialWindowSize: STREAM_WINDOW },
      maxSessionMemory: SESSION_MEMORY,
    });
    this.#http2.on("session", (session) => {
      this.#sessions.add(session);
      session.setLocalWindowSize(CONNECTION_WINDOW);
      watch(session, interval, timeout);
      // A broken connection is told by "close"; its calls learn of it through their streams.
      session.on("error", () => undefined);
      session.once("close", () => this.#sessions.delete(session));
      const peer = peerOf(session.socket);
      session.on("stream", (stream, headers) => {
        if (refuse(stream, headers)) return;
        const call = serve(stream, headers, peer);
        this.#calls.add(call);
        void call.finally(() => this.#calls.delete(call));
      });
    });
    const acceptors = { http2: this.#http2, tls: tls?.server, refused };
    acceptEncrypted(acceptors);
    this.#server = createSocketServer({ noDelay: true }, (socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
      accept(socket, acceptors);
    });
  }

  /**
   * Listens; rejects when the port is taken. Who may be let near is not its business: see `checkExposure`.
   * @throws {CredentialFileError} when the files of TLS cannot be used
   */
  static async listen(
    serve: ServeCall,
    options: ServerOptions = {},
    listener: ServerListener = {},
  ): Promise<GatewayServer> {
    await using opened = new AsyncDisposableStack();
    const watch = {
      ...(listener.reread && { onReread: listener.reread }),
      ...(options.certificateCheck !== undefined && { interval: options.certificateCheck }),
    };
    const tls = options.tls === undefined ? undefined : opened.use(await openTls(options.tls, watch));
    const gateway = new GatewayServer(serve, options, listener, tls);
    gateway.#server.listen(options.port ?? 0, options.host ?? "127.0.0.1");
    await once(gateway.#server, "listening");
    opened.move();
    return gateway;
  }

  get address(): { readonly host: string; readonly port: number } {
    const { address, port } = this.#server.address() as AddressInfo;
    return { host: address, port };
  }

  /** Takes no new connections and calls (GOAWAY), lets running ones end for a moment, and breaks the rest. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#tls?.[Symbol.dispose]();
    for (const socket of this.#sockets) if (socket.bytesRead === 0) socket.destroy();
    for (const session of this.#sessions) session.close();
    const timer = setTimeout(() => {
      for (const session of this.#sessions) session.destroy();
      for (const socket of this.#sockets) socket.destroy();
    }, this.#endGrace);
    await closed;
    await Promise.all(this.#calls);
    clearTimeout(timer);
  }
}

/** Answers what is no gRPC call as the protocol says: with an HTTP status. */
function refuse(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): boolean {
  const status = headers[":method"] !== "POST" ? 405 : isGrpc(headers) ? undefined : 415;
  if (status === undefined) return false;
  stream.on("error", () => undefined);
  stream.respond({ ":status": status, "content-type": "text/plain; charset=utf-8" });
  stream.end(SPEAKS);
  return true;
}

/** Breaks the connection to a client that no longer answers, so that its calls end. */
function watch(session: ServerHttp2Session, interval: number, timeout: number): void {
  let silence: NodeJS.Timeout | undefined;
  const timer = setInterval(() => {
    if (session.destroyed || silence !== undefined) return;
    silence = setTimeout(() => {
      session.destroy();
    }, timeout);
    session.ping(() => {
      clearTimeout(silence);
      silence = undefined;
    });
  }, interval);
  session.once("close", () => {
    clearInterval(timer);
    clearTimeout(silence);
  });
}
