import type {
  ClientHttp2Stream,
  IncomingHttpHeaders,
  OutgoingHttpHeaders,
  ServerHttp2Stream,
} from "node:http2";
import { constants } from "node:http2";
import { ResponseRewriter } from "../grpc/response-rewriter.ts";
import { GatewayError, StatusCode, isGrpc, resetError } from "../grpc/status.ts";
import type { Route } from "./call.ts";

/**
 * Passes the driver's headers, messages and trailers on to the client. A slow client holds the driver back by HTTP/2's
 * flow control; between the two lie at most one window and one write buffer.
 *
 * Resolves when the client has everything, or has gone.
 * @throws {GatewayError} when the driver breaks off, or its answer cannot be read.
 */
export function passAnswer(
  driver: ClientHttp2Stream,
  client: ServerHttp2Stream,
  route: Route,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const rewriter = new ResponseRewriter(route.responseFields);
  const name = route.driver.name;
  // A stream forgets its session when it closes.
  const session = driver.session;
  let trailers: OutgoingHttpHeaders | undefined;
  let read = false;
  let done = false;
  let cause: Error | undefined;

  const gone = () => client.closed || client.destroyed;
  const settle = (error?: GatewayError) => {
    done = true;
    if (error === undefined) resolve(undefined);
    else {
      reject(error);
      if (!driver.closed) driver.close(constants.NGHTTP2_CANCEL);
    }
  };
  const finish = () => {
    if (done || gone() || !read || trailers === undefined) return;
    const status = trailers["grpc-status"];
    if (status === undefined || !rewriter.atBoundary) {
      settle(brokenAnswer(name, status === undefined ? "it has no status" : "its last message is not whole"));
      return;
    }
    done = true;
    route.answered(Number(status));
    endWith(client, trailers);
  };

  client.once("close", () => {
    settle();
  });
  driver.on("response", (headers, flags) => {
    if (gone()) return;
    const ended = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    if (headers[":status"] !== 200 || !isGrpc(headers) || (ended && headers["grpc-status"] === undefined)) {
      settle(brokenAnswer(name, `it speaks no gRPC (HTTP status ${String(headers[":status"])})`));
    } else if (ended) {
      done = true;
      route.answered(Number(headers["grpc-status"]));
      client.respond(passedOn(headers), { endStream: true });
      client.end();
    } else {
      client.respond(passedOn(headers), { waitForTrailers: true });
    }
  });
  driver.on("data", (chunk: Buffer) => {
    if (done || gone()) return;
    try {
      const bytes = rewriter.push(chunk);
      if (bytes.length > 0 && !client.write(bytes)) {
        driver.pause();
        client.once("drain", () => {
          driver.resume();
        });
      }
    } catch (error) {
      settle(GatewayError.from(error));
    }
  });
  driver.on("trailers", (received: IncomingHttpHeaders) => {
    trailers = passedOn(received);
    finish();
  });
  driver.on("end", () => {
    read = true;
    finish();
  });
  driver.on("error", (error: Error) => (cause = error));
  driver.on("close", () => {
    if (done) return;
    if (gone()) settle();
    else if (session?.destroyed !== false) settle(lost(name, cause));
    else if (read) settle(brokenAnswer(name, "it has no status"));
    else settle(resetError(name, driver.rstCode));
  });
  return promise;
}

/** Ends an answer with these trailers, once everything before them has been taken. */
export function endWith(client: ServerHttp2Stream, trailers: OutgoingHttpHeaders): void {
  client.once("wantTrailers", () => {
    client.sendTrailers(trailers);
  });
  client.end();
}

function passedOn(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers));
}

function lost(name: string, cause: Error | undefined): GatewayError {
  return new GatewayError(
    "driver-lost",
    StatusCode.unavailable,
    `the connection to the driver ${name} was lost: ${cause?.message ?? "it was closed"}`,
    cause === undefined ? {} : { cause },
  );
}

function brokenAnswer(name: string, why: string): GatewayError {
  return new GatewayError(
    "driver-response-broken",
    StatusCode.unavailable,
    `the answer of the driver ${name} cannot be read: ${why}`,
  );
}
