import { once } from "node:events";
import type {
  ClientHttp2Stream,
  IncomingHttpHeaders,
  OutgoingHttpHeaders,
  ServerHttp2Stream,
} from "node:http2";
import { constants } from "node:http2";
import { replaceFields } from "../grpc/fields.ts";
import { frameMessage, readMessages } from "../grpc/message-reader.ts";
import { METHODS } from "../grpc/methods.ts";
import { GatewayError, StatusCode, errorResponse, errorTrailers } from "../grpc/status.ts";
import { readCallHead } from "./call-head.ts";
import { endWith, passAnswer } from "./answer.ts";
import type { Route, Router } from "./call.ts";

/** What calls may be; sizes are bytes. */
export interface PassThroughOptions {
  /** The largest request; by default what Spark itself takes, 128 MiB. */
  readonly largestRequest?: number;
}

const LARGEST_REQUEST = 128 * 1024 * 1024;

/** Headers that belong to one connection, or that the gateway answers itself. */
const OWN_HEADERS = new Set([
  "te",
  "grpc-encoding",
  "grpc-accept-encoding",
  "content-length",
  "host",
  "x-duet-pool",
]);

/**
 * Serves one call: reads its first message, asks the router, and passes messages on in both directions as fast as the
 * slower side takes them. Never rejects: what goes wrong is told to the client as a gRPC status.
 */
export async function passThrough(
  client: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  router: Router,
  largestRequest = LARGEST_REQUEST,
): Promise<void> {
  const cancelled = new AbortController();
  client.once("close", () => {
    cancelled.abort();
  });
  // A client that breaks off is told by "close", with or without an error.
  client.on("error", () => undefined);
  try {
    const method = METHODS.get(headers[":path"] ?? "");
    if (method === undefined) throw unknownMethod(headers[":path"]);
    const messages = readMessages(client, {
      largest: largestRequest,
      encoding: headers["grpc-encoding"]?.toString(),
    });
    const first = await messages.next();
    if (first.done === true) {
      throw new GatewayError(
        "message-missing",
        StatusCode.invalidArgument,
        `${method.name} came without a message`,
      );
    }
    const pool = headers["x-duet-pool"]?.toString();
    using route = await router.route(readCallHead(method, first.value, pool), cancelled.signal);
    const driver = await route.driver.request(forwarded(headers));
    await exchange({ client, driver, route, first: first.value, rest: messages });
  } catch (error) {
    fail(client, GatewayError.from(error));
  }
}

interface Exchange {
  readonly client: ServerHttp2Stream;
  readonly driver: ClientHttp2Stream;
  readonly route: Route;
  readonly first: Buffer;
  readonly rest: AsyncIterable<Buffer>;
}

/** Passes both directions on until the client's side has ended. */
async function exchange({ client, driver, route, first, rest }: Exchange): Promise<void> {
  const cancel = () => {
    if (!driver.closed) driver.close(constants.NGHTTP2_CANCEL);
  };
  client.once("close", cancel);
  if (client.closed) cancel();
  const answered = passAnswer(driver, client, route);
  const sent = sendMessages(driver, first, rest, route).catch((error: unknown) => {
    cancel();
    throw error;
  });
  // What fails first is told, and the other direction ends with it. A driver may answer before it has read the whole
  // request; then what is left of that does not matter.
  for (const direction of [answered, sent]) direction.catch(() => undefined);
  await Promise.race([answered, sent.then(() => answered)]);
}

async function sendMessages(
  driver: ClientHttp2Stream,
  first: Buffer,
  rest: AsyncIterable<Buffer>,
  { requestFields }: Route,
): Promise<void> {
  const send = async (message: Buffer) => {
    if (driver.destroyed || driver.closed) return;
    if (!driver.write(frameMessage(replaceFields(message, requestFields)))) {
      await drainedOrClosed(driver);
    }
  };
  await send(first);
  for await (const message of rest) await send(message);
  driver.end();
}

/** Resolves when a stream takes more, or never will. */
async function drainedOrClosed(stream: ClientHttp2Stream): Promise<void> {
  const closed = new AbortController();
  const onClose = () => {
    closed.abort();
  };
  stream.once("close", onClose);
  await once(stream, "drain", { signal: closed.signal }).catch((error: unknown) => {
    if (!stream.closed && !stream.destroyed) throw error;
  });
  stream.off("close", onClose);
}

function unknownMethod(path: string | undefined): GatewayError {
  return new GatewayError(
    "method-unknown",
    StatusCode.unimplemented,
    `there is no method ${path ?? ""} here: the gateway serves Spark Connect`,
  );
}

function forwarded(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const kept = Object.entries(headers).filter(([name]) => !name.startsWith(":") && !OWN_HEADERS.has(name));
  return { ...Object.fromEntries(kept), ":method": "POST", ":path": headers[":path"], te: "trailers" };
}

/** Tells a client that its call has failed, whatever it has been told so far. */
function fail(client: ServerHttp2Stream, error: GatewayError): void {
  if (client.closed || client.destroyed) return;
  if (client.headersSent) {
    endWith(client, errorTrailers(error));
    return;
  }
  client.respond(errorResponse(error), { endStream: true });
  // What the client still sends is not wanted.
  client.close(constants.NGHTTP2_NO_ERROR);
}
