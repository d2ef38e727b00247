import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { constants } from "node:http2";
import {
  errorResponse,
  errorTrailers,
  StatusCode,
  type GatewayError,
  type GatewayErrorCode,
} from "../grpc/status.ts";

/**
 * What a client gets for its call, from however many tries it is put together: headers once, messages, trailers once.
 */
export class ClientAnswer {
  readonly requestId: string;
  /** Bytes of messages so far, their prefixes among them. */
  bytes = 0;
  /** The gRPC status that it was given. */
  status: number | undefined;
  /** The gateway's own reason, where the status is the gateway's. */
  code: GatewayErrorCode | undefined;
  /** Called when the client goes before it has its status; quicker to have than a listener on {@link gone}. */
  onGone: (() => void) | undefined;
  readonly #stream: ServerHttp2Stream;
  readonly #gone = new AbortController();

  constructor(stream: ServerHttp2Stream, requestId: string) {
    this.#stream = stream;
    this.requestId = requestId;
    stream.once("close", () => {
      if (this.status !== undefined) return;
      this.#gone.abort();
      this.onGone?.();
    });
    // A client that breaks off is told by "close", with or without an error.
    stream.on("error", () => undefined);
    if (stream.closed || stream.destroyed) this.#gone.abort();
  }

  /** Aborted when the client has gone before it had its status. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  get isGone(): boolean {
    return this.#gone.signal.aborted;
  }

  /** Whether it has its status, or has gone. */
  get over(): boolean {
    return this.status !== undefined || this.#gone.signal.aborted;
  }

  /** Passes on a driver's headers, unless it has been given some. */
  begin(headers: IncomingHttpHeaders): void {
    if (this.over || this.#stream.headersSent) return;
    this.#stream.respond({ ...headers }, { waitForTrailers: true });
  }

  /** Passes bytes on; false when it is better to wait until it has `drained`. */
  write(bytes: Buffer): boolean {
    if (this.over || bytes.length === 0) return true;
    this.bytes += bytes.length;
    return this.#stream.write(bytes);
  }

  /** Calls `listener` when it takes more; never when it has gone. */
  drained(listener: () => void): void {
    this.#stream.once("drain", listener);
  }

  /** Ends it with a driver's status, and with the request's id where that is not OK. */
  end(trailers: IncomingHttpHeaders): void {
    const status = Number(trailers["grpc-status"]);
    const told = status === StatusCode.ok ? { ...trailers } : { "x-request-id": this.requestId, ...trailers };
    this.#end(status, told, told);
  }

  /** Ends it with an answer of the gateway's own: one message, and OK. */
  succeed(message: Buffer): void {
    this.begin({ ":status": "200", "content-type": "application/grpc" });
    this.write(message);
    this.end({ "grpc-status": String(StatusCode.ok) });
  }

  /** Tells that the call has failed, whatever it has been told so far. */
  fail(error: GatewayError): void {
    if (this.over) return;
    this.code = error.code;
    this.#end(error.status, errorTrailers(error, this.requestId), errorResponse(error, this.requestId));
  }

  #end(status: number, trailers: OutgoingHttpHeaders, response: OutgoingHttpHeaders): void {
    if (this.over) return;
    this.status = status;
    const stream = this.#stream;
    if (!stream.headersSent) {
      stream.respond(
        { ":status": 200, "content-type": "application/grpc", ...response },
        { endStream: true },
      );
      // What the client still sends is not wanted.
      stream.close(constants.NGHTTP2_NO_ERROR);
      return;
    }
    stream.once("wantTrailers", () => {
      stream.sendTrailers(trailers);
    });
    stream.end();
  }
}
