import { once } from "node:events";
import { constants } from "node:http2";
import type { ClientHttp2Stream, IncomingHttpHeaders } from "node:http2";
import { frameMessage, readMessages } from "../grpc/message-reader.ts";
import { GatewayError, StatusCode } from "../grpc/status.ts";
import type { DriverConnection } from "./driver-connection.ts";
import { DriverStatusError } from "./unary-call.ts";

/** The largest message of an answer, in bytes: Spark's own bound for a message. */
const LARGEST_ANSWER = 128 * 1024 * 1024;

/**
 * Makes a call with messages that are encoded already, and reads its answer, without keeping it unless it is taken.
 * @param path `/spark.connect.SparkConnectService/ExecutePlan`
 * @throws {DriverStatusError} the driver's own error
 * @throws {GatewayError} `driver-unreachable`, `driver-lost`
 * @throws the signal's reason; the driver is told that the call is not wanted any more.
 */
export async function rawCall(
  driver: DriverConnection,
  path: string,
  messages: readonly Buffer[],
  signal: AbortSignal,
  take: (message: Buffer) => void = () => undefined,
): Promise<void> {
  signal.throwIfAborted();
  const stream = await driver.request({
    ":method": "POST",
    ":path": path,
    "content-type": "application/grpc",
    te: "trailers",
    "user-agent": "duet-gateway",
  });
  const cancel = () => {
    if (!stream.closed) stream.close(constants.NGHTTP2_CANCEL);
  };
  signal.addEventListener("abort", cancel);
  if (signal.aborted) cancel();
  try {
    const answered = readAnswer(driver, path, stream, take);
    // The answer tells why the driver takes no more.
    const sent = send(stream, messages).catch(() => undefined);
    await Promise.all([answered, sent]);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", cancel);
    cancel();
  }
}

async function send(stream: ClientHttp2Stream, messages: readonly Buffer[]): Promise<void> {
  const closed = new AbortController();
  stream.once("close", () => {
    closed.abort();
  });
  for (const message of messages) {
    if (stream.closed || stream.destroyed) return;
    if (!stream.write(frameMessage(message))) await once(stream, "drain", { signal: closed.signal });
  }
  if (!stream.closed && !stream.destroyed) stream.end();
}

async function readAnswer(
  driver: DriverConnection,
  path: string,
  stream: ClientHttp2Stream,
  take: (message: Buffer) => void,
): Promise<void> {
  let status: IncomingHttpHeaders = {};
  stream.on("response", (headers) => (status = { ...status, ...headers }));
  stream.on("trailers", (headers: IncomingHttpHeaders) => (status = { ...status, ...headers }));
  try {
    // Read to the end for the status behind it.
    const messages = readMessages(stream, { largest: LARGEST_ANSWER, encoding: undefined });
    for await (const message of messages) take(message);
  } catch (cause) {
    if (cause instanceof GatewayError) throw cause;
    throw lost(driver, (cause as Error).message, cause);
  }
  const code = status["grpc-status"];
  if (code === undefined) throw lost(driver, "the answer has no status", undefined);
  if (Number(code) === StatusCode.ok) return;
  const text = decodeURIComponent(status["grpc-message"]?.toString() ?? "no message");
  throw new DriverStatusError(driver.name, path.slice(path.lastIndexOf("/") + 1), Number(code), text);
}

function lost(driver: DriverConnection, reason: string, cause: unknown): GatewayError {
  return new GatewayError(
    "driver-lost",
    StatusCode.unavailable,
    `the connection to the driver ${driver.name} was lost: ${reason}`,
    { cause },
  );
}
