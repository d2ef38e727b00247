import { once } from "node:events";
import type {
  ClientHttp2Session,
  ClientHttp2Stream,
  IncomingHttpHeaders,
  IncomingHttpStatusHeader,
  OutgoingHttpHeaders,
} from "node:http2";
import { connect } from "node:http2";

/** How a call ended. */
export interface RawAnswer {
  readonly httpStatus: number | undefined;
  readonly headers: IncomingHttpHeaders;
  /** Empty when the answer was nothing but headers. */
  readonly trailers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** From the trailers, or from the headers. */
  readonly status: number | undefined;
  /** Decoded. */
  readonly message: string;
}

/** A client that speaks HTTP/2 by hand, so that it can do what no proper client does. */
export class RawClient implements AsyncDisposable {
  readonly session: ClientHttp2Session;

  constructor(port: number) {
    this.session = connect(`http://127.0.0.1:${port}`);
    this.session.on("error", () => undefined);
  }

  /** Begins a call, without a body yet. */
  begin(method: string, headers: OutgoingHttpHeaders = {}): ClientHttp2Stream {
    const stream = this.session.request({
      ":method": "POST",
      ":path": `/spark.connect.SparkConnectService/${method}`,
      "content-type": "application/grpc",
      te: "trailers",
      ...headers,
    });
    stream.on("error", () => undefined);
    return stream;
  }

  /** Makes a call with this body and takes the whole answer. */
  call(method: string, body: Buffer, headers: OutgoingHttpHeaders = {}): Promise<RawAnswer> {
    const stream = this.begin(method, headers);
    stream.end(body);
    return readAnswer(stream);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.session.destroyed) return;
    const closed = once(this.session, "close");
    this.session.destroy();
    await closed;
  }
}

/** Reads an answer to its end. */
export async function readAnswer(stream: ClientHttp2Stream): Promise<RawAnswer> {
  let headers: IncomingHttpHeaders & IncomingHttpStatusHeader = {};
  let trailers: IncomingHttpHeaders = {};
  const body: Buffer[] = [];
  stream.on("response", (received) => (headers = received));
  stream.on("trailers", (received: IncomingHttpHeaders) => (trailers = received));
  stream.on("data", (chunk: Buffer) => body.push(chunk));
  await once(stream, "close");
  const status = trailers["grpc-status"] ?? headers["grpc-status"];
  const message = trailers["grpc-message"] ?? headers["grpc-message"];
  return {
    httpStatus: headers[":status"],
    headers,
    trailers,
    body: Buffer.concat(body),
    status: status === undefined ? undefined : Number(status),
    message: decodeURIComponent(message?.toString() ?? ""),
  };
}
