import type { Http2Server } from "node:http2";
import type { Socket } from "node:net";
import type { Server as TlsServer } from "node:tls";

/** Milliseconds that a new connection has to say which protocol it speaks. */
const PREFACE_TIMEOUT = 10_000;

const TLS_HANDSHAKE = 0x16;

/** Says to who speaks another protocol what is spoken here. */
export const SPEAKS =
  "This is a gateway for Spark Connect. It speaks gRPC: use a Spark Connect client, sc://host:port.\n";

/** Who takes connections, by the protocol that they begin with. */
export interface Acceptors {
  readonly http2: Http2Server;
  readonly tls: TlsServer | undefined;
  /** A connection can be served by nobody. */
  readonly refused: (address: string, reason: string) => void;
}

/** Hands a new connection over by its first bytes. What is neither HTTP/2 nor TLS gets one answer in HTTP/1.1. */
export function accept(socket: Socket, { http2, tls, refused }: Acceptors): void {
  const address = addressOf(socket);
  const onTimeout = () => {
    socket.destroy();
    refused(address, `it said nothing within ${PREFACE_TIMEOUT} ms`);
  };
  // A broken connection is told by "close".
  socket.on("error", () => undefined);
  socket.setTimeout(PREFACE_TIMEOUT, onTimeout);
  socket.once("data", (chunk: Buffer) => {
    socket.pause();
    socket.setTimeout(0);
    socket.off("timeout", onTimeout);
    const taker = "PRI ".startsWith(chunk.toString("latin1", 0, 4))
      ? http2
      : chunk[0] === TLS_HANDSHAKE
        ? tls
        : undefined;
    if (taker === undefined) {
      refused(address, chunk[0] === TLS_HANDSHAKE ? "it speaks TLS, and the gateway does not" : NO_HTTP2);
      socket.end(ANSWER);
      return;
    }
    socket.unshift(chunk);
    taker.emit("connection", socket);
  });
}

/** Hands connections over whose handshake is done, and tells of those where it failed. */
export function acceptEncrypted({ http2, tls, refused }: Acceptors): void {
  tls?.on("secureConnection", (socket) => {
    if (socket.alpnProtocol === "h2") {
      http2.emit("connection", socket);
      return;
    }
    socket.on("error", () => undefined);
    refused(addressOf(socket), NO_HTTP2);
    socket.once("data", () => socket.end(ANSWER));
  });
  tls?.on("tlsClientError", (error, socket) => {
    refused(addressOf(socket), `the TLS handshake failed: ${error.message}`);
    socket.destroy();
  });
}

const NO_HTTP2 = "it speaks no HTTP/2";

const ANSWER = `HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(SPEAKS)}\r\nConnection: close\r\n\r\n${SPEAKS}`;

function addressOf({ remoteAddress = "?", remotePort = 0 }: Socket): string {
  return `${remoteAddress}:${remotePort}`;
}
