import { constants } from "node:http2";
import type { ClientHttp2Stream, IncomingHttpHeaders } from "node:http2";
import type {
  DescMessage,
  DescMethodServerStreaming,
  DescMethodUnary,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { frameMessage, readMessages } from "../grpc/message-reader.ts";
import { GatewayError, StatusCode } from "../grpc/status.ts";
import type { DriverConnection } from "./driver-connection.ts";

/** The largest message of an answer to a call of the gateway's own, in bytes: configuration values and versions. */
const LARGEST_ANSWER = 4 * 1024 * 1024;

/** Thrown when a driver answers a call of the gateway's own with an error. */
export class DriverStatusError extends Error {
  override readonly name = "DriverStatusError";
  /** The gRPC status code. */
  readonly status: number;

  constructor(driver: string, method: string, status: number, message: string) {
    super(`the driver ${driver} answers ${method} with status ${status}: ${message}`);
    this.status = status;
  }
}

/**
 * Makes a call of the gateway's own.
 * @throws {DriverStatusError} the driver's own error
 * @throws {GatewayError} `driver-unreachable`, `driver-lost`; `driver-silent` when no answer came within `timeout` ms
 */
export async function unaryCall<I extends DescMessage, O extends DescMessage>(
  driver: DriverConnection,
  method: DescMethodUnary<I, O>,
  request: MessageInitShape<I>,
  timeout: number,
): Promise<MessageShape<O>> {
  const [message] = await callDriver(driver, method, request, timeout);
  if (message !== undefined) return message;
  throw new DriverStatusError(driver.name, method.name, StatusCode.ok, "without a message");
}

/**
 * Makes a call of the gateway's own and gives all messages of its answer, when the last one has come.
 * @throws as {@link unaryCall}
 */
export async function callDriver<I extends DescMessage, O extends DescMessage>(
  driver: DriverConnection,
  method: DescMethodUnary<I, O> | DescMethodServerStreaming<I, O>,
  request: MessageInitShape<I>,
  timeout: number,
): Promise<readonly MessageShape<O>[]> {
  const deadline = AbortSignal.timeout(timeout);
  const silent = new Promise<never>((_, reject) => {
    deadline.addEventListener("abort", () => {
      reject(
        new GatewayError(
          "driver-silent",
          StatusCode.unavailable,
          `the driver ${driver.name} has not answered ${method.name} within ${timeout} ms`,
        ),
      );
    });
  });
  silent.catch(() => undefined);
  const stream = await Promise.race([
    driver.request({
      ":method": "POST",
      ":path": `/${method.parent.typeName}/${method.name}`,
      "content-type": "application/grpc",
      te: "trailers",
      "user-agent": "duet-gateway",
      "grpc-timeout": `${timeout}m`,
    }),
    silent,
  ]);
  try {
    stream.end(frameMessage(Buffer.from(toBinary(method.input, create(method.input, request)))));
    return await Promise.race([readAnswer(driver, method, stream), silent]);
  } finally {
    if (!stream.closed) stream.close(constants.NGHTTP2_CANCEL);
  }
}

async function readAnswer<I extends DescMessage, O extends DescMessage>(
  driver: DriverConnection,
  method: DescMethodUnary<I, O> | DescMethodServerStreaming<I, O>,
  stream: ClientHttp2Stream,
): Promise<readonly MessageShape<O>[]> {
  let status: IncomingHttpHeaders = {};
  stream.on("response", (headers) => (status = { ...status, ...headers }));
  stream.on("trailers", (headers: IncomingHttpHeaders) => (status = { ...status, ...headers }));
  const messages: Buffer[] = [];
  try {
    for await (const message of readMessages(stream, { largest: LARGEST_ANSWER, encoding: undefined })) {
      messages.push(message);
    }
  } catch (cause) {
    if (cause instanceof GatewayError) throw cause;
    throw new GatewayError(
      "driver-lost",
      StatusCode.unavailable,
      `the connection to the driver ${driver.name} was lost: ${(cause as Error).message}`,
      { cause },
    );
  }
  const code = Number(status["grpc-status"] ?? StatusCode.unknown);
  if (code === StatusCode.ok) return messages.map((message) => fromBinary(method.output, message));
  const text = decodeURIComponent(status["grpc-message"]?.toString() ?? "no status");
  throw new DriverStatusError(driver.name, method.name, code, text);
}
