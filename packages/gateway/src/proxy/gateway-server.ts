import { once } from "node:events";
import type { Http2Server, IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import { createServer } from "node:http2";
import type { AddressInfo, Server, Socket } from "node:net";
import { createServer as createSocketServer } from "node:net";
import { isGrpc } from "../grpc/status.ts";
import { type Peer, peerOf } from "../identity/peer.ts";

/** Serves one call; never rejects. */
export type ServeCall = (
  client: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  peer: Peer,
) => Promise<void>;

/** How clients are served. Times are milliseconds, sizes bytes. */
export interface ServerOptions {
  /** An address of this machine's own, by default 127.0.0.1: clients are not asked who they are. */
  readonly host?: string;
  /** By default a free one. */
  readonly port?: number;
  /** A client that has been silent for `interval` is pinged, and its connection broken when it says nothing in `timeout`. */
  readonly keepAlive?: { readonly interval: number; readonly timeout: number };
}

/** Bytes that a client may send ahead, for one call and for all calls of a connection. */
const STREAM_WINDOW = 1024 * 1024;
const CONNECTION_WINDOW = 4 * 1024 * 1024;

/** As the driver's connection: flow control bounds memory, not this. */
const SESSION_MEMORY = 1024;

/** A client may be stopped (Ctrl-Z, a debugger) for a while, so silence is borne with for some time. */
const KEEP_ALIVE = { interval: 60_000, timeout: 60_000 };

/** Milliseconds that running calls have when the server is closed. */
const GRACE = 2_000;

/** Milliseconds that a new connection has to say which protocol it speaks. */
const PREFACE_TIMEOUT = 10_000;

const LOOPBACK = /^(127(\.\d{1,3}){3}|::1|localhost)$/u;

const SPEAKS =
  "This is a gateway for Spark Connect. It speaks gRPC: use a Spark Connect client, sc://host:port.\n";

/** The gateway's listening side: HTTP/2 in clear text (h2c). */
export class GatewayServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #http2: Http2Server;
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #calls = new Set<Promise<void>>();

  private constructor(serve: ServeCall, options: ServerOptions) {
    const { interval, timeout } = options.keepAlive ?? KEEP_ALIVE;
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
    this.#server = createSocketServer({ noDelay: true }, (socket) => {
      acceptHttp2(socket, this.#http2);
    });
  }

  /**
   * Listens; rejects when the port is taken.
   * @throws {RangeError} when others than this machine could reach it.
   */
  static async listen(serve: ServeCall, options: ServerOptions = {}): Promise<GatewayServer> {
    const host = options.host ?? "127.0.0.1";
    if (!LOOPBACK.test(host)) {
      throw new RangeError(`${host} is not this machine alone, and clients are not asked who they are`);
    }
    const gateway = new GatewayServer(serve, options);
    gateway.#server.listen(options.port ?? 0, host);
    await once(gateway.#server, "listening");
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
    for (const session of this.#sessions) session.close();
    const timer = setTimeout(() => {
      for (const session of this.#sessions) session.destroy();
    }, GRACE);
    await closed;
    await Promise.all(this.#calls);
    clearTimeout(timer);
  }
}

/** Hands a connection over when it begins as HTTP/2 does; any other gets one answer in HTTP/1.1. */
function acceptHttp2(socket: Socket, http2: Http2Server): void {
  const onError = () => socket.destroy();
  const onTimeout = () => socket.destroy();
  socket.on("error", onError);
  socket.setTimeout(PREFACE_TIMEOUT, onTimeout);
  socket.once("data", (chunk: Buffer) => {
    socket.pause();
    socket.setTimeout(0);
    socket.off("timeout", onTimeout);
    const begins = "PRI ".startsWith(chunk.toString("latin1", 0, 4));
    if (begins) {
      socket.off("error", onError);
      socket.unshift(chunk);
      http2.emit("connection", socket);
    } else {
      socket.end(
        `HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(SPEAKS)}\r\nConnection: close\r\n\r\n${SPEAKS}`,
      );
    }
  });
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
